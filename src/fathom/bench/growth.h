// How a measured cost grows: cost = factor * size^exponent, fitted by least squares to the
// logarithms of both.
#pragma once

#include <optional>
#include <span>

namespace fathom {

// One point of a curve: what was set, and what was measured there.
struct CurvePoint {
  double x = 0;
  double y = 0;
};

struct Growth {
  double exponent = 0;  // 1: linear; 2: quadratic
  double factor = 0;
  // The share of the logarithms' variance that the fit explains; 1 for a cost that does not vary.
  double r2 = 0;
};

// Requires that all coordinates are above 0. None: fewer than two different x.
std::optional<Growth> fit_growth(std::span<const CurvePoint> points);

}  // namespace fathom
