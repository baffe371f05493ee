#include "fathom/eval/pareto_front.h"

#include <limits>

#include <gtest/gtest.h>

namespace fathom {
namespace {

using Indices = std::vector<size_t>;

TEST(ParetoFront, IsWhatNothingBeats) {
  const Tradeoff points[] = {{1, 0}, {0.5, 0.1}, {0.6, 0.2}, {0.25, 0.5}, {0.5, 0.3}, {2, 0}};
  EXPECT_EQ(pareto_front(points), (Indices{3, 1, 0}));
}

TEST(ParetoFront, EqualPointsAreBothOnIt) {
  const Tradeoff points[] = {{1, 1}, {1, 1}, {1, 2}};
  EXPECT_EQ(pareto_front(points), (Indices{0, 1}));
}

TEST(ParetoFront, WhatIsNotANumberIsNot) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  const Tradeoff points[] = {{nan, 0}, {1, nan}, {0, infinity}, {3, 3}};
  EXPECT_EQ(pareto_front(points), Indices{3});
  EXPECT_EQ(pareto_front({}), Indices{});
}

}  // namespace
}  // namespace fathom
