// Places the names of points so that they overlap neither each other nor points.
//
// Greedy: each in turn takes the first free place on rings of growing radius around its point, the
// sides before above and below. Who is first is placed best.
#pragma once

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "fathom/base/svg.h"

namespace fathom {

using SvgSegment = std::pair<SvgPoint, SvgPoint>;

struct PointLabel {
  SvgPoint point;
  double radius = 0;  // of the point's dot
  double width = 0;   // of its text; 0: it has none, but its dot is in the way of others
};

struct LabelPlace {
  SvgBox box;
  // From the dot to the text, where the text does not touch the dot.
  std::optional<SvgSegment> leader;
};

// `lines`: are crossed by texts only where there is no other place. One place a label; none where
// no ring within `area` has one, or the label has no text.
std::vector<std::optional<LabelPlace>> place_labels(std::span<const PointLabel> labels,
                                                    std::span<const SvgSegment> lines,
                                                    double text_height, const SvgBox& area);

}  // namespace fathom
