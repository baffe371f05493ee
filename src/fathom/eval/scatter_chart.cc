#include "fathom/eval/scatter_chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

#include "fathom/eval/label_placement.h"
#include "fathom/eval/pareto_front.h"
#include "fathom/eval/value_text.h"

namespace fathom {
namespace {

constexpr double kWidth = 1000, kHeight = 560, kEdge = 24;
constexpr double kLeft = 96, kRight = kWidth - kEdge;
constexpr double kTextSize = 12, kTextHeight = 14, kMostText = 260;
constexpr double kZeroBand = 34;  // below a logarithmic axis, for what loses nothing
constexpr size_t kMostNamed = 36;
constexpr double kLeastRadius = 4, kMostRadius = 8;

struct FamilyLook {
  std::string_view name, colour;
};
constexpr std::array<FamilyLook, 6> kFamilies = {{{"", kInk},
                                                  {"attention patterns", "#0b6fb8"},
                                                  {"cache policies", "#c8501e"},
                                                  {"cache types", "#1a8a5f"},
                                                  {"positions", "#8a4fa0"},
                                                  {"combinations", "#8a6d1d"}}};

const FamilyLook& look_of(Family family) { return kFamilies[static_cast<size_t>(family)]; }

std::vector<ScatterPoint> finite(std::vector<ScatterPoint> points) {
  std::erase_if(points, [](const ScatterPoint& point) {
    return !std::isfinite(point.cost) || !std::isfinite(point.loss);
  });
  return points;
}

class ScatterDrawing {
 public:
  explicit ScatterDrawing(const ScatterChart& chart)
      : chart_(chart),
        points_(finite(chart.points)),
        front_(front_of(points_)),
        has_zero_(chart.y.logarithmic &&
                  std::ranges::any_of(points_, [](const auto& point) { return point.loss <= 0; })),
        top_(heading_height(kRight - kEdge, chart.title, chart.subtitle) + 24),
        frame_({kLeft, top_, kRight - kLeft, kHeight - (has_zero_ ? kZeroBand : 0)}, chart.x,
               chart.y, has_zero_ ? kZeroBand : 0),
        svg_(kWidth, top_ + kHeight + ChartFrame::kTicksBelow + 8) {}

  std::string draw() && {
    const double below = draw_heading(svg_, kEdge, kRight - kEdge, chart_.title, chart_.subtitle);
    draw_families(below + 4);
    draw_axes();
    draw_variants();
    draw_front();
    draw_labels();
    for (size_t i = 0; i < points_.size(); ++i) draw_dot(i);
    return std::move(svg_).finish();
  }

 private:
  static std::vector<bool> front_of(const std::vector<ScatterPoint>& points) {
    std::vector<Tradeoff> tradeoffs;
    tradeoffs.reserve(points.size());
    for (const ScatterPoint& point : points) tradeoffs.push_back({point.cost, point.loss});
    std::vector<bool> is_front(points.size());
    for (const size_t i : pareto_front(tradeoffs)) is_front[i] = true;
    return is_front;
  }

  double bottom() const { return top_ + kHeight; }

  SvgPoint place_of(const ScatterPoint& point) const {
    if (chart_.y.logarithmic && point.loss <= 0)
      return {frame_.at(point.cost, chart_.y.least).x, bottom() - kZeroBand / 2};
    return frame_.at(point.cost, point.loss);
  }

  double radius_of(const ScatterPoint& point) const {
    return kLeastRadius + (kMostRadius - kLeastRadius) * point.size;
  }

  // The families' names in their colours, in one line.
  void draw_families(double y) {
    double x = kEdge;
    for (const FamilyLook& look : kFamilies) {
      const bool is_used = std::ranges::any_of(
          points_, [&](const ScatterPoint& point) { return &look_of(point.family) == &look; });
      if (!is_used || look.name.empty()) continue;
      svg_.dot({x + 5, y - 4}, 5, look.colour);
      svg_.text({x + 15, y}, look.name, {.size = 13, .colour = look.colour, .bold = true});
      x += 15 + text_width(look.name, 13, true) + 18;
    }
  }

  void draw_axes() {
    frame_.draw(svg_);
    if (has_zero_)
      svg_.text({kLeft - 8, bottom() - kZeroBand / 2 + 4}, "0",
                {.anchor = "end", .colour = kQuiet});
    svg_.text({kLeft, bottom() + 41}, "\u2199 cheaper and closer", {.colour = kQuiet});
  }

  // Lines through techniques that differ in one number.
  void draw_variants() {
    std::map<std::string, std::vector<size_t>> lines;
    for (size_t i = 0; i < points_.size(); ++i)
      if (!points_[i].line.empty()) lines[points_[i].line].push_back(i);
    for (auto& [name, members] : lines) {
      if (members.size() < 2) continue;
      std::ranges::sort(members, {}, [&](size_t i) { return points_[i].cost; });
      std::vector<SvgPoint> through;
      for (const size_t i : members) through.push_back(place_of(points_[i]));
      svg_.line(through,
                {.colour = look_of(points_[members[0]].family).colour, .width = 1, .opacity = 0.3});
    }
  }

  // Steps: at a cost, the least loss to be had for no more.
  std::vector<SvgPoint> front_steps() const {
    std::vector<size_t> members;
    for (size_t i = 0; i < points_.size(); ++i)
      if (front_[i]) members.push_back(i);
    if (members.empty()) return {};
    std::ranges::sort(members, {}, [&](size_t i) { return points_[i].cost; });
    std::vector<SvgPoint> steps = {{place_of(points_[members.front()]).x, top_}};
    for (const size_t i : members) {
      const SvgPoint next = place_of(points_[i]);
      if (steps.size() > 1) steps.push_back({next.x, steps.back().y});
      steps.push_back(next);
    }
    steps.push_back({kRight, steps.back().y});
    return steps;
  }

  void draw_front() {
    std::vector<SvgPoint> steps = front_steps();
    if (steps.empty()) return;
    svg_.line(steps, {.colour = "#57606a", .width = 1.5});
    steps.push_back({kRight, top_});
    svg_.area(steps, "#0b6fb8", 0.035);
  }

  bool is_crowded() const { return points_.size() > kMostNamed; }

  // Whose names are drawn.
  std::vector<bool> named() const {
    std::map<std::string, size_t> best;  // by line
    for (size_t i = 0; i < points_.size(); ++i) {
      const auto [at, is_new] = best.emplace(points_[i].line, i);
      if (!is_new && !front_[at->second] &&
          (front_[i] || points_[i].loss < points_[at->second].loss))
        at->second = i;
    }
    std::vector<bool> named(points_.size());
    for (size_t i = 0; i < points_.size(); ++i)
      named[i] = !is_crowded() || front_[i] || best.at(points_[i].line) == i;
    return named;
  }

  void draw_labels() {
    const std::vector<bool> is_named = named();
    std::vector<size_t> order(points_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::ranges::stable_sort(order, {},
                             [&](size_t i) { return std::pair(!front_[i], points_[i].cost); });
    std::vector<PointLabel> labels;
    labels.reserve(order.size());
    for (const size_t i : order)
      labels.push_back({.point = place_of(points_[i]),
                        .radius = radius_of(points_[i]),
                        .width = is_named[i] ? text_width(name_of(i), kTextSize, front_[i]) : 0});
    const SvgBox area{kLeft + 2, top_ + 2, kRight - kLeft - 4, kHeight - 4};
    const std::vector<SvgPoint> steps = front_steps();
    std::vector<SvgSegment> lines;
    for (size_t i = 1; i < steps.size(); ++i) lines.emplace_back(steps[i - 1], steps[i]);
    const auto places = place_labels(labels, lines, kTextHeight, area);
    for (size_t at = 0; at < order.size(); ++at)
      if (const auto& place = places[at]) draw_label(order[at], *place);
  }

  std::string name_of(size_t i) const {
    const bool is_of_all = is_crowded() && !front_[i] && !points_[i].kind.empty();
    return elided(is_of_all ? points_[i].kind : points_[i].name, kMostText, kTextSize, front_[i]);
  }

  void draw_label(size_t i, const LabelPlace& place) {
    const std::string_view colour = look_of(points_[i].family).colour;
    if (place.leader) {
      const SvgPoint leader[] = {place.leader->first, place.leader->second};
      svg_.line(leader, {.colour = "#9aa3ad", .width = 0.75});
    }
    // Centred: the text may come out narrower than was reckoned.
    const SvgPoint at = place_of(points_[i]);
    const double middle = place.box.x + place.box.width / 2;
    const bool right = place.box.x > at.x, left = place.box.x + place.box.width < at.x;
    svg_.text({right  ? place.box.x
               : left ? place.box.x + place.box.width
                      : middle,
               place.box.y + kTextHeight - 3},
              name_of(i),
              {.size = kTextSize,
               .anchor = right  ? "start"
                         : left ? "end"
                                : "middle",
               .colour = colour,
               .bold = front_[i],
               .halo = true});
  }

  void draw_dot(size_t i) {
    const ScatterPoint& point = points_[i];
    const SvgPoint at = place_of(point);
    const double radius = radius_of(point);
    svg_.dot(at, radius + 1.25, "#ffffff");
    svg_.dot(at, radius, look_of(point.family).colour, point.note);
    if (!front_[i]) svg_.dot(at, radius - 1.75, "#ffffff", point.note);  // hollow: beaten
  }

  const ScatterChart& chart_;
  std::vector<ScatterPoint> points_;
  std::vector<bool> front_;
  bool has_zero_;
  double top_;
  ChartFrame frame_;
  Svg svg_;
};

}  // namespace

std::string to_svg(const ScatterChart& chart) { return ScatterDrawing(chart).draw(); }

}  // namespace fathom
