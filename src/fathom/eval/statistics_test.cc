#include "fathom/eval/statistics.h"

#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace fathom {
namespace {

TEST(Statistics, MeanOfNothingAndOfOne) {
  EXPECT_EQ(mean_of({}).mean, 0);
  const std::vector<double> one = {0.3};
  EXPECT_EQ(mean_of(one).low, 0.3);
  EXPECT_EQ(mean_of(one).high, 0.3);
}

// Wilson's interval for 8 of 10, as Brown, Cai and DasGupta (2001) have it: 0.490 to 0.943.
TEST(Statistics, SharesHaveWilsonsInterval) {
  std::vector<double> scores(10, 1.0);
  scores[3] = scores[7] = 0;
  const Interval interval = mean_of(scores);
  EXPECT_DOUBLE_EQ(interval.mean, 0.8);
  EXPECT_NEAR(interval.low, 0.490, 0.001);
  EXPECT_NEAR(interval.high, 0.943, 0.001);
}

TEST(Statistics, AllRightIsNotCertain) {
  const std::vector<double> scores(10, 1.0);
  const Interval interval = mean_of(scores);
  EXPECT_EQ(interval.mean, 1);
  EXPECT_NEAR(interval.low, 0.722, 0.001);
  EXPECT_NEAR(interval.high, 1, 1e-12);
}

// Of a normal sample the bootstrap's interval is close to mean +- 1.96 s / sqrt(n).
TEST(Statistics, BootstrapAgreesWithTheNormalInterval) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal(3, 2);
  std::vector<double> values(400);
  for (double& value : values) value = normal(random);
  double sum = 0;
  double squares = 0;
  for (const double value : values) sum += value;
  for (const double value : values) squares += (value - sum / 400) * (value - sum / 400);
  const double error = std::sqrt(squares / 399 / 400);
  const Interval interval = mean_of(values);
  EXPECT_NEAR(interval.mean, sum / 400, 1e-12);
  EXPECT_NEAR(interval.low, sum / 400 - 1.96 * error, 0.25 * error);
  EXPECT_NEAR(interval.high, sum / 400 + 1.96 * error, 0.25 * error);
}

// Two that agree say little: t of one degree of freedom.
TEST(Statistics, FewHaveStudentsInterval) {
  const std::vector<double> two = {1.0, 2.0};
  EXPECT_NEAR(mean_of(two).high, 1.5 + 12.706 * 0.5, 1e-3);
  const std::vector<double> zero = {0.0, 0.0};
  EXPECT_LT(difference_of(two, zero).low, 0);
  const std::vector<double> five = {0.2, 0.4, 0.1, 0.9, 0.5};
  // Mean 0.42, standard deviation 0.3114, 4 degrees of freedom.
  EXPECT_NEAR(mean_of(five).low, 0.42 - 2.776 * 0.3114 / std::sqrt(5.0), 1e-3);
}

// What varies together does not widen a paired difference.
TEST(Statistics, DifferencesArePaired) {
  std::vector<double> a, b;
  for (int i = 0; i < 50; ++i) {
    b.push_back(100.0 * i);
    a.push_back(100.0 * i + 1 + 0.1 * (i % 3));
  }
  const Interval interval = difference_of(a, b);
  EXPECT_NEAR(interval.mean, 1.1, 0.01);
  EXPECT_GT(interval.low, 1.0);
  EXPECT_LT(interval.high, 1.2);
}

TEST(Statistics, IntervalsAreTheSameEachTime) {
  const std::vector<double> values = {0.1, 0.5, 0.9, 0.2};
  EXPECT_EQ(mean_of(values).low, mean_of(values).low);
  EXPECT_EQ(mean_of(values).high, mean_of(values).high);
}

}  // namespace
}  // namespace fathom
