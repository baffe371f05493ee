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
};

struct SvgFont {
  double size = 12;
  std::string_view anchor = "start";  // what of the text is at its point: start, middle, end
  std::string_view colour = "#333333";
  bool bold = false;
  double turned = 0;  // degrees clockwise around its point
};

class Svg {
 public:
  Svg(double width, double height);

  // All in one colour, with sharp edges: neighbours leave no seam.
  void boxes(std::span<const SvgBox> boxes, std::string_view colour);
  // Through all points, in their order.
  void line(std::span<const SvgPoint> points, const SvgStroke& stroke);
  void dot(SvgPoint centre, double radius, std::string_view colour);
  // `at`: on the text's base line.
  void text(SvgPoint at, std::string_view text, const SvgFont& font = {});

  // The whole file's content; nothing is drawn after it.
  std::string finish() &&;

 private:
  std::string text_;
};

}  // namespace fathom
