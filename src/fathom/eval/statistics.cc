#include "fathom/eval/statistics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <random>
#include <vector>

namespace fathom {
namespace {

constexpr size_t kDraws = 2000;
// Fewer than this, and draws from them say less than they seem to.
constexpr size_t kFew = 10;
// Student's t for 95 %, two-sided, of 1 to 8 degrees of freedom.
constexpr std::array<double, kFew - 2> kStudent95 = {12.706, 4.303, 3.182, 2.776,
                                                     2.571,  2.447, 2.365, 2.306};
constexpr double kNormal95 = 1.959963984540054;  // of the standard normal, two-sided

double mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

Interval bootstrap(std::span<const double> values) {
  std::mt19937_64 random(values.size());
  std::vector<double> means(kDraws);
  for (double& one : means) {
    double sum = 0;
    // The high bits by a product, as std::uniform_int_distribution differs between libraries.
    for (size_t i = 0; i < values.size(); ++i)
      sum += values[static_cast<size_t>((random() >> 32) * values.size() >> 32)];
    one = sum / static_cast<double>(values.size());
  }
  std::ranges::sort(means);
  const auto at = [&means](double share) {
    return means[static_cast<size_t>(std::lround(share * static_cast<double>(kDraws - 1)))];
  };
  return {.mean = mean(values), .low = at(0.025), .high = at(0.975)};
}

Interval student(std::span<const double> values) {
  const double middle = mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - middle) * (value - middle);
  const auto n = static_cast<double>(values.size());
  const double half = kStudent95[values.size() - 2] * std::sqrt(squares / (n - 1) / n);
  return {.mean = middle, .low = middle - half, .high = middle + half};
}

// Of at least two values.
Interval interval_of(std::span<const double> values) {
  return values.size() < kFew ? student(values) : bootstrap(values);
}

Interval wilson(std::span<const double> values) {
  const auto n = static_cast<double>(values.size());
  const double p = mean(values);
  const double z2 = kNormal95 * kNormal95;
  const double middle = (p + z2 / (2 * n)) / (1 + z2 / n);
  const double half = kNormal95 / (1 + z2 / n) * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n));
  return {.mean = p, .low = std::max(0.0, middle - half), .high = std::min(1.0, middle + half)};
}

}  // namespace

Interval mean_of(std::span<const double> scores) {
  if (scores.empty()) return {};
  if (scores.size() == 1) return {.mean = scores[0], .low = scores[0], .high = scores[0]};
  const bool yes_or_no = std::ranges::all_of(scores, [](double x) { return x == 0 || x == 1; });
  return yes_or_no ? wilson(scores) : interval_of(scores);
}

Interval difference_of(std::span<const double> a, std::span<const double> b) {
  std::vector<double> differences;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) differences.push_back(a[i] - b[i]);
  if (differences.empty()) return {};
  if (differences.size() == 1)
    return {.mean = differences[0], .low = differences[0], .high = differences[0]};
  return interval_of(differences);
}

}  // namespace fathom
