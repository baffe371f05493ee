#include "fathom/eval/line_chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "fathom/eval/value_text.h"

namespace fathom {
namespace {

constexpr double kWidth = 1000, kLeft = 92, kRight = 700;  // of the curves
constexpr double kLeastHeight = 400, kNameHeight = 18;
constexpr double kNameAt = kRight + 40, kNameWidth = kWidth - kNameAt - 12;

constexpr std::array<std::string_view, 8> kColours = {"#0b6fb8", "#c8501e", "#1a8a5f", "#8a4fa0",
                                                      "#b8860b", "#c2357a", "#4b6b7a", "#7a5230"};
constexpr std::array<std::string_view, 3> kDashes = {"none", "7 4", "2 3"};

SvgStroke stroke_of(size_t line) {
  if (line == 0) return {.colour = kInk, .width = 2.5};
  return {.colour = kColours[(line - 1) % kColours.size()],
          .width = 1.75,
          .dashes = kDashes[(line - 1) / kColours.size() % kDashes.size()]};
}

// A curve's name, beside where the curve ends.
struct Name {
  size_t line = 0;
  SvgPoint end;   // of the curve
  double at = 0;  // the height of its name
};

// Moves names apart that would overlap, as little as may be, in the order of their curves' ends,
// within [top, bottom]. Names that meet form a pile, centred on where its members want to be.
void spread(std::span<Name> names, double top, double bottom) {
  std::ranges::sort(names, {}, [](const Name& name) { return std::pair(name.end.y, name.line); });
  struct Pile {
    double first = 0;  // the height of its first name
    double count = 1;
  };
  std::vector<Pile> piles;
  for (const Name& name : names) {
    piles.push_back({.first = name.end.y});
    while (piles.size() > 1) {
      const Pile below = piles.back();
      Pile& above = piles[piles.size() - 2];
      if (above.first + above.count * kNameHeight <= below.first) break;
      const double wanted = below.first - above.count * kNameHeight;
      above.first =
          (above.first * above.count + wanted * below.count) / (above.count + below.count);
      above.count += below.count;
      piles.pop_back();
    }
  }
  double least = top;
  size_t next = 0;
  for (const Pile& pile : piles) {
    double at = std::max(pile.first, least);
    for (double n = 0; n < pile.count; ++n, at += kNameHeight) names[next++].at = at;
    least = at;
  }
  double most = bottom;
  for (size_t i = names.size(); i-- > 0; most = names[i].at - kNameHeight)
    names[i].at = std::min(names[i].at, most);
}

class LineDrawing {
 public:
  explicit LineDrawing(const LineChart& chart)
      : chart_(chart),
        top_(heading_height(kWidth - 48, chart.title, chart.subtitle) + 6),
        height_(std::max(kLeastHeight, kNameHeight * static_cast<double>(chart.lines.size()))),
        frame_({kLeft, top_, kRight - kLeft, height_}, chart.x, chart.y),
        svg_(kWidth, top_ + height_ + ChartFrame::kTicksBelow + 8) {}

  std::string draw() && {
    draw_heading(svg_, 24, kWidth - 48, chart_.title, chart_.subtitle);
    frame_.draw(svg_);
    for (const ChartMark& mark : chart_.marks) draw_mark(mark);
    std::vector<Name> names;
    for (size_t i = chart_.lines.size(); i-- > 0;)  // the first lies on top
      if (const auto end = draw_curve(i)) names.push_back({.line = i, .end = *end});
    spread(names, top_, top_ + height_);
    for (const Name& name : names) draw_name(name);
    return std::move(svg_).finish();
  }

 private:
  void draw_mark(const ChartMark& mark) {
    const double along = mark.upright ? chart_.x.along(mark.at) : chart_.y.along(mark.at);
    if (!(along >= 0 && along <= 1)) return;
    const double x = kLeft + along * (kRight - kLeft), y = top_ + (1 - along) * height_;
    const SvgPoint across[] = {{kLeft, y}, {kRight, y}}, up[] = {{x, top_}, {x, top_ + height_}};
    svg_.line(mark.upright ? up : across, {.colour = kQuiet, .dashes = "3 3"});
    const bool at_left = mark.upright && along < 0.5;
    const SvgPoint point =
        mark.upright ? SvgPoint{x + (at_left ? 6 : -6), top_ + 12} : SvgPoint{kRight - 6, y - 6};
    svg_.text(point, mark.text,
              {.size = 11, .anchor = at_left ? "start" : "end", .colour = kQuiet, .halo = true});
  }

  // Where it ends; none: it has no point.
  std::optional<SvgPoint> draw_curve(size_t line) {
    const SvgStroke stroke = stroke_of(line);
    std::vector<SvgPoint> points;
    for (const LinePoint& point : chart_.lines[line].points) {
      if (!std::isfinite(point.x) || !std::isfinite(point.y.mean)) continue;
      points.push_back(frame_.at(point.x, point.y.mean));
      const SvgPoint bar[] = {at_bounded(point.x, point.y.low), at_bounded(point.x, point.y.high)};
      if (chart_.lines.size() <= kMostBars && std::abs(bar[0].y - bar[1].y) > 1)
        svg_.line(bar, {.colour = stroke.colour, .width = 0.75});
    }
    if (points.empty()) return std::nullopt;
    svg_.line(points, stroke);
    if (points.size() <= 16)
      for (const SvgPoint& point : points) svg_.dot(point, 3, stroke.colour);
    return points.back();
  }

  // An interval may reach beyond the axis, and beyond where a logarithm is.
  SvgPoint at_bounded(double x, double y) const {
    if (!std::isfinite(y)) y = chart_.y.least;
    return frame_.at(x, std::clamp(y, chart_.y.least, chart_.y.most));
  }

  void draw_name(const Name& name) {
    const SvgStroke stroke = stroke_of(name.line);
    if (name.end.x > kRight - 40) {  // from elsewhere the line would cross other curves
      const SvgPoint leader[] = {{name.end.x + 6, name.end.y}, {kNameAt - 6, name.at}};
      svg_.line(leader, {.colour = stroke.colour, .width = 0.5});
    } else {
      const SvgPoint swatch[] = {{kNameAt - 26, name.at}, {kNameAt - 6, name.at}};
      svg_.line(swatch, stroke);
    }
    const bool bold = name.line == 0;
    svg_.text({kNameAt, name.at + 4}, elided(chart_.lines[name.line].name, kNameWidth, 12, bold),
              {.colour = stroke.colour, .bold = bold});
  }

  const LineChart& chart_;
  double top_, height_;
  ChartFrame frame_;
  Svg svg_;
};

}  // namespace

std::string to_svg(const LineChart& chart) { return LineDrawing(chart).draw(); }

}  // namespace fathom
