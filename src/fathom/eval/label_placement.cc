#include "fathom/eval/label_placement.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace fathom {
namespace {

constexpr double kGap = 4;          // between a dot and its text
constexpr double kFarthest = 190;   // of a text from its dot
constexpr double kLeaderFrom = 10;  // shorter ones would be specks
// In quarters of a right angle from the right, clockwise: the sides first.
constexpr std::array<int, 16> kDirections = {0, 8, 15, 14, 1, 2, 7, 9, 10, 6, 13, 3, 11, 5, 12, 4};

bool overlap(const SvgBox& a, const SvgBox& b) {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

bool contains(const SvgBox& outer, const SvgBox& inner) {
  return inner.x >= outer.x && inner.x + inner.width <= outer.x + outer.width &&
         inner.y >= outer.y && inner.y + inner.height <= outer.y + outer.height;
}

SvgBox around(SvgPoint point, double radius) {
  return {point.x - radius, point.y - radius, 2 * radius, 2 * radius};
}

class Placement {
 public:
  Placement(std::span<const PointLabel> labels, std::span<const SvgSegment> lines,
            double text_height, const SvgBox& area)
      : text_height_(text_height), area_(area), lines_(lines) {
    for (const PointLabel& label : labels) dots_.push_back(around(label.point, label.radius + 1));
  }

  // First a place that no line crosses; then one that some may.
  std::optional<LabelPlace> place(const PointLabel& label) {
    if (label.width <= 0) return std::nullopt;
    for (const bool strict : {true, false}) {
      for (double distance = label.radius + kGap; distance < kFarthest; distance += 7) {
        for (const int direction : kDirections) {
          const LabelPlace place = at(label, distance, direction * std::numbers::pi / 8);
          if (!is_free(place.box) || (strict && is_crossed(place, label))) continue;
          texts_.push_back(place.box);
          if (place.leader) leaders_.push_back(*place.leader);
          return place;
        }
      }
    }
    return std::nullopt;
  }

 private:
  // The box whose nearest point lies in a direction from the dot.
  LabelPlace at(const PointLabel& label, double distance, double angle) const {
    const double dx = std::cos(angle), dy = std::sin(angle);
    const SvgPoint touch{label.point.x + dx * distance, label.point.y + dy * distance};
    const double x = dx > 0.3    ? touch.x
                     : dx < -0.3 ? touch.x - label.width
                                 : touch.x - label.width / 2;
    LabelPlace place{
        .box = {x, touch.y - text_height_ / 2 + dy * text_height_ / 2, label.width, text_height_},
        .leader = std::nullopt};
    if (distance - label.radius > kLeaderFrom)
      place.leader = {{label.point.x + dx * label.radius, label.point.y + dy * label.radius},
                      touch};
    return place;
  }

  bool is_free(const SvgBox& box) const {
    const auto hit = [&](const SvgBox& other) { return overlap(box, other); };
    return contains(area_, box) && std::ranges::none_of(dots_, hit) &&
           std::ranges::none_of(texts_, hit);
  }

  // By a line or a leader, or its leader a text or a dot that is not its own.
  bool is_crossed(const LabelPlace& place, const PointLabel& label) const {
    const auto meets = [&](const SvgSegment& line) { return crosses(line, place.box); };
    if (std::ranges::any_of(lines_, meets) || std::ranges::any_of(leaders_, meets)) return true;
    if (!place.leader) return false;
    const SvgBox own = around(label.point, label.radius + 1);
    return std::ranges::any_of(texts_,
                               [&](const SvgBox& text) { return crosses(*place.leader, text); }) ||
           std::ranges::any_of(dots_, [&](const SvgBox& dot) {
             return !overlap(dot, own) && crosses(*place.leader, dot);
           });
  }

  // Does a part of the line lie in the box? Liang and Barsky's clipping (1984).
  static bool crosses(const SvgSegment& line, const SvgBox& box) {
    const double dx = line.second.x - line.first.x, dy = line.second.y - line.first.y;
    double from = 0, to = 1;
    const auto clip = [&](double step, double room) {  // to the parts at which step * part <= room
      if (step == 0) return room > 0;
      (step < 0 ? from : to) = step < 0 ? std::max(from, room / step) : std::min(to, room / step);
      return from < to;
    };
    return clip(-dx, line.first.x - box.x) && clip(dx, box.x + box.width - line.first.x) &&
           clip(-dy, line.first.y - box.y) && clip(dy, box.y + box.height - line.first.y);
  }

  double text_height_;
  SvgBox area_;
  std::span<const SvgSegment> lines_;
  std::vector<SvgBox> dots_, texts_;
  std::vector<SvgSegment> leaders_;
};

}  // namespace

std::vector<std::optional<LabelPlace>> place_labels(std::span<const PointLabel> labels,
                                                    std::span<const SvgSegment> lines,
                                                    double text_height, const SvgBox& area) {
  Placement placement(labels, lines, text_height, area);
  std::vector<std::optional<LabelPlace>> places;
  for (const PointLabel& label : labels) places.push_back(placement.place(label));
  return places;
}

}  // namespace fathom
