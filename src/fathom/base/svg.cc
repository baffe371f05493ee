#include "fathom/base/svg.h"

#include <charconv>
#include <cmath>
#include <utility>

namespace fathom {
namespace {

// "12.5", "3", "-0.25".
std::string number(double value) {
  char text[64];
  const double rounded = std::round(value * 100) / 100 + 0.0;  // no "-0"
  const auto end = std::to_chars(text, text + sizeof text, rounded);
  return {text, end.ptr};
}

std::string attribute(std::string_view name, std::string_view value) {
  return " " + std::string(name) + "=\"" + escape_markup(value) + "\"";
}

std::string attribute(std::string_view name, double value) {
  return attribute(name, number(value));
}

// Of a character in Helvetica's or Arial's bold-free face, in ems, on the wide side.
double em_of(char c) {
  if (std::string_view("iljtfrI.,;:|!'()[] ").find(c) != std::string_view::npos) return 0.36;
  if (std::string_view("mwMW%@").find(c) != std::string_view::npos) return 0.95;
  return c >= 'A' && c <= 'Z' ? 0.72 : 0.6;
}

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

std::string outline_of(std::span<const SvgPoint> points) {
  std::string all;
  for (const SvgPoint& point : points)
    all += (all.empty() ? "" : " ") + number(point.x) + "," + number(point.y);
  return all;
}

}  // namespace

std::string escape_markup(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\t':
      case '\n':
      case '\r':
        out += c;
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
          out += "\xef\xbf\xbd";
        else
          out += c;
    }
  }
  return out;
}

double text_width(std::string_view text, double size, bool bold) {
  double ems = 0;
  for (const char c : text)
    if (!continues_character(c)) ems += em_of(c);
  return ems * size * (bold ? 1.08 : 1);
}

Svg::Svg(double width, double height) {
  text_ = "<svg" + attribute("xmlns", "http://www.w3.org/2000/svg") + attribute("width", width) +
          attribute("height", height) +
          attribute("viewBox", "0 0 " + number(width) + " " + number(height)) +
          attribute("font-family", "Helvetica, Arial, DejaVu Sans, sans-serif") + ">\n" + "<rect" +
          attribute("width", width) + attribute("height", height) + attribute("fill", "#ffffff") +
          "/>\n";
}

void Svg::boxes(std::span<const SvgBox> boxes, std::string_view colour) {
  if (boxes.empty()) return;
  std::string path;
  for (const SvgBox& box : boxes)
    path += "M" + number(box.x) + " " + number(box.y) + "h" + number(box.width) + "v" +
            number(box.height) + "h" + number(-box.width) + "z";
  text_ += "<path" + attribute("fill", colour) + attribute("shape-rendering", "crispEdges") +
           attribute("d", path) + "/>\n";
}

void Svg::line(std::span<const SvgPoint> points, const SvgStroke& stroke) {
  text_ += "<polyline" + attribute("fill", "none") + attribute("stroke", stroke.colour) +
           attribute("stroke-width", stroke.width) +
           (stroke.opacity < 1 ? attribute("stroke-opacity", stroke.opacity) : "") +
           attribute("stroke-linejoin", "round") + attribute("stroke-dasharray", stroke.dashes) +
           attribute("points", outline_of(points)) + "/>\n";
}

void Svg::area(std::span<const SvgPoint> outline, std::string_view colour, double opacity) {
  text_ += "<polygon" + attribute("fill", colour) + attribute("fill-opacity", opacity) +
           attribute("points", outline_of(outline)) + "/>\n";
}

void Svg::dot(SvgPoint centre, double radius, std::string_view colour, std::string_view note) {
  text_ += "<circle" + attribute("cx", centre.x) + attribute("cy", centre.y) +
           attribute("r", radius) + attribute("fill", colour) +
           (note.empty() ? "/>\n" : "><title>" + escape_markup(note) + "</title></circle>\n");
}

void Svg::text(SvgPoint at, std::string_view text, const SvgFont& font) {
  text_ += "<text" + attribute("x", at.x) + attribute("y", at.y) +
           attribute("font-size", font.size) + attribute("text-anchor", font.anchor) +
           attribute("fill", font.colour);
  if (font.bold) text_ += attribute("font-weight", "bold");
  if (font.halo)
    text_ += attribute("stroke", "#ffffff") + attribute("stroke-width", 3) +
             attribute("stroke-linejoin", "round") + attribute("paint-order", "stroke");
  if (font.turned != 0)
    text_ += attribute("transform", "rotate(" + number(font.turned) + " " + number(at.x) + " " +
                                        number(at.y) + ")");
  text_ += ">" + escape_markup(text) + "</text>\n";
}

std::string Svg::finish() && { return std::move(text_) + "</svg>\n"; }

}  // namespace fathom
