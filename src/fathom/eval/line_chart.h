// Curves with the intervals of their points, each named at its right end.
#pragma once

#include <string>
#include <vector>

#include "fathom/eval/chart_axis.h"
#include "fathom/eval/statistics.h"

namespace fathom {

struct LinePoint {
  double x = 0;
  Interval y;
};

// With more curves than these, intervals are not drawn: nobody could tell whose they are.
inline constexpr size_t kMostBars = 8;

struct Line {
  std::string name;
  std::vector<LinePoint> points;  // by x; those whose y is not finite are left out
};

// A value to compare with: a line across the chart, and what it is.
struct ChartMark {
  bool upright = false;  // at an x; else at a y
  double at = 0;         // nothing is drawn where it lies outside the axes
  std::string text;
};

struct LineChart {
  std::string title, subtitle;
  ChartAxis x, y;
  std::vector<Line> lines;
  std::vector<ChartMark> marks;
};

// The first curve is what the others are compared with: it is black.
std::string to_svg(const LineChart& chart);

}  // namespace fathom
