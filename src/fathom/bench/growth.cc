#include "fathom/bench/growth.h"

#include <cassert>
#include <cmath>
#include <cstddef>

namespace fathom {
namespace {

// The points' logarithms, from those of the first: their means, and their spread about these.
struct Spread {
  double mean_x = 0, mean_y = 0;
  double xx = 0, xy = 0, yy = 0;
};

Spread spread_of(std::span<const CurvePoint> points) {
  Spread spread;
  const auto count = static_cast<double>(points.size());
  const CurvePoint& first = points.front();
  for (const CurvePoint& point : points) {
    assert(point.x > 0 && point.y > 0);
    spread.mean_x += std::log(point.x / first.x) / count;
    spread.mean_y += std::log(point.y / first.y) / count;
  }
  for (const CurvePoint& point : points) {
    const double x = std::log(point.x / first.x) - spread.mean_x;
    const double y = std::log(point.y / first.y) - spread.mean_y;
    spread.xx += x * x;
    spread.xy += x * y;
    spread.yy += y * y;
  }
  return spread;
}

}  // namespace

std::optional<Growth> fit_growth(std::span<const CurvePoint> points) {
  if (points.empty()) return std::nullopt;
  const Spread spread = spread_of(points);
  if (spread.xx == 0) return std::nullopt;
  Growth growth;
  growth.exponent = spread.xy / spread.xx;
  growth.factor = points.front().y / std::pow(points.front().x, growth.exponent) *
                  std::exp(spread.mean_y - growth.exponent * spread.mean_x);
  growth.r2 = spread.yy == 0 ? 1 : spread.xy * spread.xy / (spread.xx * spread.yy);
  return growth;
}

}  // namespace fathom
