#include "fathom/bench/plot_svg.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <span>
#include <string_view>
#include <utility>

#include "fathom/base/svg.h"

namespace fathom {
namespace {

constexpr double kLeastWidth = 960;
constexpr double kLeft = 80, kRight = 730, kTop = 56;  // of the area of the curves
constexpr double kLeastHeight = 440;
constexpr double kBelow = 64;       // under that area
constexpr double kNameHeight = 18;  // from one curve's name to the next
constexpr double kSwatchAt = kRight + 30, kNameAt = kSwatchAt + 32;

constexpr std::string_view kGridColour = "#e4e4e4";
constexpr std::string_view kFrameColour = "#888888";

constexpr std::array<std::string_view, 10> kColours = {"#1b5e9e", "#d9541a", "#2a8c3f", "#c22036",
                                                       "#7a4fa3", "#8a5a3c", "#d657a6", "#5b5b5b",
                                                       "#9a9a14", "#12a0b4"};
constexpr std::array<std::string_view, 4> kDashes = {"none", "8 4", "2 3", "10 3 2 3"};

SvgStroke stroke_of(size_t series) {
  return {.colour = kColours[series % kColours.size()],
          .width = 2,
          .dashes = kDashes[series / kColours.size() % kDashes.size()]};
}

struct Range {
  double least = 0, most = 0;
};

Range range_of(const Plot& plot, double CurvePoint::* coordinate) {
  std::vector<double> values;
  for (const Series& series : plot.series)
    for (const CurvePoint& point : series.points) values.push_back(point.*coordinate);
  assert(!values.empty());
  const auto [least, most] = std::ranges::minmax(values);
  return {least, most};
}

// A curve's name, beside where the curve ends.
struct Name {
  size_t series = 0;
  SvgPoint end;   // of the curve
  double at = 0;  // the height of its name
};

// Moves names apart that would overlap, in the order of their curves' ends, within [top, bottom].
void spread(std::span<Name> names, double top, double bottom) {
  std::ranges::sort(names, {}, [](const Name& name) { return std::pair(name.end.y, name.series); });
  double least = top;
  for (Name& name : names) {
    name.at = std::max(name.end.y, least);
    least = name.at + kNameHeight;
  }
  double most = bottom;
  for (size_t i = names.size(); i-- > 0; most = names[i].at - kNameHeight)
    names[i].at = std::min(names[i].at, most);
}

// With room for the longest name.
double width_of(const Plot& plot) {
  constexpr double kCharacter = 7.5;  // wider than the widest fonts are on average, at this size
  double width = kLeastWidth;
  for (const Series& series : plot.series)
    width = std::max(width, kNameAt + kCharacter * static_cast<double>(series.name.size()));
  return width;
}

class Drawing {
 public:
  explicit Drawing(const Plot& plot)
      : plot_(plot),
        bottom_(kTop +
                std::max(kLeastHeight, kNameHeight * static_cast<double>(plot.series.size()))),
        x_(axis(plot.x.ticks, range_of(plot, &CurvePoint::x), kLeft, kRight)),
        y_(axis(plot.y.ticks, range_of(plot, &CurvePoint::y), bottom_, kTop)),
        svg_(width_of(plot), bottom_ + kBelow) {}

  std::string draw() && {
    svg_.text({kLeft, kTop - 22}, plot_.title, {.size = 17, .bold = true});
    draw_axes();
    std::vector<Name> names;
    for (size_t i = 0; i < plot_.series.size(); ++i)
      if (!plot_.series[i].points.empty()) names.push_back({.series = i, .end = draw_curve(i)});
    spread(names, kTop, bottom_);
    for (const Name& name : names) draw_name(name);
    return std::move(svg_).finish();
  }

 private:
  static LogAxis axis(Ticks ticks, Range range, double at_least, double at_most) {
    return {ticks, range.least, range.most, at_least, at_most};
  }

  void draw_line(SvgPoint from, SvgPoint to, const SvgStroke& stroke) {
    const SvgPoint points[] = {from, to};
    svg_.line(points, stroke);
  }

  void draw_axes() {
    for (const LogAxis::Tick& tick : x_.ticks()) {
      const double x = x_.pixel(tick.value);
      draw_line({x, kTop}, {x, bottom_}, {.colour = kGridColour});
      svg_.text({x, bottom_ + 18}, tick.label, {.anchor = "middle"});
    }
    for (const LogAxis::Tick& tick : y_.ticks()) {
      const double y = y_.pixel(tick.value);
      draw_line({kLeft, y}, {kRight, y}, {.colour = kGridColour});
      svg_.text({kLeft - 8, y + 4}, tick.label, {.anchor = "end"});
    }
    const SvgPoint frame[] = {{kLeft, kTop}, {kLeft, bottom_}, {kRight, bottom_}};
    svg_.line(frame, {.colour = kFrameColour});
    svg_.text({(kLeft + kRight) / 2, bottom_ + 44}, plot_.x.label,
              {.size = 13, .anchor = "middle"});
    svg_.text({24, (kTop + bottom_) / 2}, plot_.y.label,
              {.size = 13, .anchor = "middle", .turned = -90});
  }

  // Where it ends.
  SvgPoint draw_curve(size_t series) {
    const SvgStroke stroke = stroke_of(series);
    std::vector<SvgPoint> points;
    for (const CurvePoint& point : plot_.series[series].points)
      points.push_back({x_.pixel(point.x), y_.pixel(point.y)});
    svg_.line(points, stroke);
    for (const SvgPoint& point : points) svg_.dot(point, 3, stroke.colour);
    return points.back();
  }

  void draw_name(const Name& name) {
    const SvgStroke stroke = stroke_of(name.series);
    if (name.end.x > kRight - 1)  // from elsewhere the line would cross other curves
      draw_line({name.end.x + 4, name.end.y}, {kSwatchAt - 2, name.at},
                {.colour = stroke.colour, .width = 0.5});
    draw_line({kSwatchAt, name.at}, {kNameAt - 6, name.at}, stroke);
    svg_.text({kNameAt, name.at + 4}, plot_.series[name.series].name, {.colour = stroke.colour});
  }

  const Plot& plot_;
  double bottom_;
  LogAxis x_, y_;
  Svg svg_;
};

}  // namespace

std::string to_svg(const Plot& plot) { return Drawing(plot).draw(); }

}  // namespace fathom
