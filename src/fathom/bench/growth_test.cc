#include "fathom/bench/growth.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace fathom {
namespace {

std::vector<CurvePoint> power_law(double factor, double exponent) {
  std::vector<CurvePoint> points;
  for (double x = 4096; x <= 262144; x *= 2) points.push_back({x, factor * std::pow(x, exponent)});
  return points;
}

Growth fitted(std::span<const CurvePoint> points) {
  const auto growth = fit_growth(points);
  EXPECT_TRUE(growth);
  return growth.value_or(Growth{});
}

TEST(Growth, FindsThePowerThatMadeThePoints) {
  for (const double exponent : {1.0, 1.5, 2.0, -1.0}) {
    const Growth growth = fitted(power_law(3e-7, exponent));
    // Logarithms of up to 30 in double, and a spread of some 20.
    EXPECT_NEAR(growth.exponent, exponent, 1e-13);
    EXPECT_NEAR(growth.factor / 3e-7, 1, 1e-11);
    EXPECT_NEAR(growth.r2, 1, 1e-12);
  }
}

TEST(Growth, IsTheLeastSquaresLineOfTheLogarithms) {
  // Logarithms to base 2: (0, 0), (1, 3), (2, 3). The line is 0.5 + 1.5 x; of the variance 6 it
  // explains 4.5.
  const CurvePoint points[] = {{1, 1}, {2, 8}, {4, 8}};
  const Growth growth = fitted(points);
  EXPECT_NEAR(growth.exponent, 1.5, 1e-14);
  EXPECT_NEAR(growth.factor, std::sqrt(2.0), 1e-14);
  EXPECT_NEAR(growth.r2, 0.75, 1e-14);
}

TEST(Growth, AConstantCostDoesNotGrow) {
  const CurvePoint points[] = {{1, 5}, {2, 5}, {1000, 5}};
  const Growth growth = fitted(points);
  EXPECT_EQ(growth.exponent, 0);
  EXPECT_EQ(growth.r2, 1);
}

TEST(Growth, OneSizeSaysNothing) {
  EXPECT_FALSE(fit_growth({}));
  const CurvePoint points[] = {{4096, 1}, {4096, 2}};
  EXPECT_FALSE(fit_growth(points));
}

}  // namespace
}  // namespace fathom
