#include "fathom/eval/html_page.h"

#include "fathom/base/svg.h"

namespace fathom {
namespace {

// Dark pages turn pictures' lightness round and keep their hues.
constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --page: #ffffff; --ink: #1f2328; --quiet: #656d76;
  --line: #d9dee3; --shade: #f6f8fa; --accent: #0b6fb8; }
@media (prefers-color-scheme: dark) {
  :root { --page: #161616; --ink: #e6e8ea; --quiet: #9aa3ad; --line: #31363c; --shade: #1c2024;
    --accent: #63b3ee; }
  figure svg { filter: invert(0.915) hue-rotate(180deg); }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 48px 24px 96px; max-width: 1056px; background: var(--page);
  color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; }
h1 { font-size: 30px; line-height: 1.2; letter-spacing: -0.015em; margin: 0 0 6px; }
h2 { font-size: 22px; letter-spacing: -0.01em; margin: 64px 0 4px; }
h3 { font-size: 16px; margin: 36px 0 8px; }
p { margin: 0 0 12px; max-width: 46em; }
.quiet { color: var(--quiet); }
.finding { font-size: 20px; line-height: 1.4; margin: 18px 0 8px; max-width: 40em; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; line-height: 1.35;
  font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: var(--quiet); border-bottom: 1px solid var(--line);
  vertical-align: bottom; }
th, td { padding: 5px 16px 5px 0; }
td { border-bottom: 1px solid var(--line); vertical-align: top; max-width: 34em;
  overflow-wrap: anywhere; }
.figure { text-align: right; white-space: nowrap; }
tbody tr:hover { background: var(--shade); }
pre { background: var(--shade); padding: 12px 14px; font-size: 13px; line-height: 1.5;
  white-space: pre-wrap; overflow-wrap: anywhere; border-radius: 6px; }
figure { margin: 24px -24px; }  /* a picture has 24 pixels of its own */
figure svg { display: block; max-width: 100%; height: auto; }
figure nav { margin: 4px 24px; }
button { font: inherit; font-size: 12px; color: var(--quiet); background: none; cursor: pointer;
  border: 1px solid var(--line); border-radius: 5px; padding: 1px 9px; margin-right: 6px; }
button:hover { color: var(--accent); border-color: var(--accent); }
summary { cursor: pointer; color: var(--quiet); margin: 12px 0; }
@media print { body { max-width: none; padding: 0; } figure nav { display: none; }
  figure { break-inside: avoid; } }
)";

// Buttons below each picture. PNG: drawn at twice its size.
constexpr std::string_view kScript = R"(
for (const figure of document.querySelectorAll("figure")) {
  const svg = figure.querySelector("svg");
  const name = figure.dataset.name;
  const source = () => new Blob([new XMLSerializer().serializeToString(svg)],
                                {type: "image/svg+xml;charset=utf-8"});
  const save = (blob, ending) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name + ending;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  const savePng = () => {
    const image = new Image();
    image.onload = () => {
      const canvas = document.createElement("canvas");
      canvas.width = 2 * svg.width.baseVal.value;
      canvas.height = 2 * svg.height.baseVal.value;
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob(blob => save(blob, ".png"));
      URL.revokeObjectURL(image.src);
    };
    image.src = URL.createObjectURL(source());
  };
  const nav = document.createElement("nav");
  const add = (text, action) => {
    const button = document.createElement("button");
    button.textContent = text;
    button.onclick = action;
    nav.append(button);
  };
  add("Save as PNG", savePng);
  add("Save as SVG", () => save(source(), ".svg"));
  figure.append(nav);
}
)";

std::string cell(std::string_view tag, std::string_view text, bool is_figure) {
  const bool loud = is_figure && text.starts_with('*');
  if (loud) text.remove_prefix(1);
  std::string out = "<" + std::string(tag) + (is_figure ? " class=\"figure\">" : ">");
  out += loud ? "<strong>" + escape_markup(text) + "</strong>" : escape_markup(text);
  return out + "</" + std::string(tag) + ">";
}

}  // namespace

std::string html_page(std::string_view title, const std::string& body) {
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n" +
         html_element("title", title) + "<style>" + std::string(kStyle) +
         "</style>\n</head>\n<body>\n" + body + "<script>" + std::string(kScript) +
         "</script>\n</body>\n</html>\n";
}

std::string html_element(std::string_view tag, std::string_view text, std::string_view css) {
  const std::string name(tag);
  return "<" + name + (css.empty() ? "" : " class=\"" + std::string(css) + "\"") + ">" +
         escape_markup(text) + "</" + name + ">\n";
}

std::string html_figure(std::string_view name, const std::string& svg) {
  return "<figure data-name=\"" + escape_markup(name) + "\">\n" + svg + "</figure>\n";
}

std::string to_html(const HtmlTable& table) {
  std::string out = "<div class=\"scroll\"><table>\n<thead><tr>";
  std::vector<bool> figures;
  for (const std::string& head : table.heads) {
    figures.push_back(head.starts_with('#'));
    out += cell("th", std::string_view(head).substr(figures.back() ? 1 : 0), figures.back());
  }
  out += "</tr></thead>\n<tbody>\n";
  for (const std::vector<std::string>& row : table.rows) {
    out += "<tr>";
    for (size_t i = 0; i < row.size(); ++i) out += cell("td", row[i], figures[i]);
    out += "</tr>\n";
  }
  return out + "</tbody>\n</table></div>\n";
}

}  // namespace fathom
