// The shell of a self-contained page: its style, and the script that saves its pictures. The page
// reads the same without scripts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fathom {

// `title` is text; `body` is markup.
std::string html_page(std::string_view title, const std::string& body);

// <p class="..">text</p>, and the like: `text` is escaped.
std::string html_element(std::string_view tag, std::string_view text, std::string_view css = {});

// `name`: of the file that it is saved as, without ending.
std::string html_figure(std::string_view name, const std::string& svg);

// A table of texts. Columns whose heads begin with '#' are figures, and stand to the right; the '#'
// is left out. A figure that begins with '*' is said louder, without it; texts stand as they are.
struct HtmlTable {
  std::vector<std::string> heads;
  std::vector<std::vector<std::string>> rows;
};
std::string to_html(const HtmlTable& table);

}  // namespace fathom
