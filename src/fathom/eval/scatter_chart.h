// Techniques by what they cost and what they lose, with the Pareto front: the picture by which they
// are chosen. Cost grows to the right and loss upwards, so that good ones lie at the lower left.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "fathom/eval/chart_axis.h"

namespace fathom {

// What of a session a technique changes; its colour.
enum class Family : size_t { own, pattern, policy, type, position, several };

struct ScatterPoint {
  std::string name;
  std::string note;  // shown under a pointer
  // Of techniques that differ in one number only, the same: they are joined by a thin line.
  std::string line;
  std::string kind;  // the name of all on that line, "snapkv"
  Family family = Family::own;
  double size = 0.5;  // of its dot, in [0, 1]
  double cost = 0;
  double loss = 0;  // on a logarithmic axis, what is 0 or below lies on the zero line under it
};

struct ScatterChart {
  std::string title, subtitle;
  ChartAxis x, y;  // cost, loss
  std::vector<ScatterPoint> points;
};

// Points whose cost or loss is not finite are left out. Of many, the front has names, and of every
// other line the point that loses least has its kind's.
std::string to_svg(const ScatterChart& chart);

}  // namespace fathom
