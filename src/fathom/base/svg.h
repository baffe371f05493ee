// A picture as SVG text: self-contained, on white, readable in any browser.
//
// Units are pixels; x grows to the right and y downwards. Numbers are written with two decimals,
// whatever the locale; text is escaped.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace fathom {

struct SvgPoint {
  double x = 0;
  double y = 0;
};

struct SvgBox {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;
};

struct SvgStroke {
  std::string_view colour = "#333333";
  double width = 1;
  std::string_view dashes = "none";  // "6 3": drawn, left out; "none": solid
  double opacity = 1;
};

struct SvgFont {
  double size = 12;
  std::string_view anchor = "start";  // what of the text is at its point: start, middle, end
  std::string_view colour = "#333333";
  bool bold = false;
  double turned = 0;  // degrees clockwise around its point
  bool halo = false;  // white around it, where it lies on lines
};

// About how wide a text is, and seldom wider, in the fonts that a picture names.
double text_width(std::string_view text, double size, bool bold = false);

// UTF-8 text as XML and HTML take it, in elements and in double-quoted attributes. Control
// characters, which XML has no place for, become U+FFFD.
std::string escape_markup(std::string_view text);

class Svg {
 public:
  Svg(double width, double height);

  // All in one colour, with sharp edges: neighbours leave no seam.
  void boxes(std::span<const SvgBox> boxes, std::string_view colour);
  // What an outline encloses.
  void area(std::span<const SvgPoint> outline, std::string_view colour, double opacity = 1);
  // Through all points, in their order.
  void line(std::span<const SvgPoint> points, const SvgStroke& stroke);
  // `note`: shown where a pointer rests on it.
  void dot(SvgPoint centre, double radius, std::string_view colour, std::string_view note = {});
  // `at`: on the text's base line.
  void text(SvgPoint at, std::string_view text, const SvgFont& font = {});

  // The whole file's content; nothing is drawn after it.
  std::string finish() &&;

 private:
  std::string text_;
};

}  // namespace fathom
