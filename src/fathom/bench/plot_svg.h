// A plot of measured curves with logarithmic axes, as SVG: straight lines are powers, and their
// slope is the exponent.
//
// Curves are told apart by colour, then by dashes, in the order in which they are given. Each is
// named at its right end; the names are the legend.
#pragma once

#include <string>
#include <vector>

#include "fathom/base/log_axis.h"
#include "fathom/bench/growth.h"

namespace fathom {

struct Series {
  std::string name;
  std::vector<CurvePoint> points;  // by x, all coordinates finite and above 0; may be empty
};

struct Axis {
  std::string label;  // with its unit: "tokens", "seconds"
  Ticks ticks = Ticks::decades;
};

struct Plot {
  std::string title;
  Axis x = {.label = "tokens", .ticks = Ticks::tokens};
  Axis y;
  std::vector<Series> series;
};

// Requires at least one point.
std::string to_svg(const Plot& plot);

}  // namespace fathom
