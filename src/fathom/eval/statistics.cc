#include "fathom/eval/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <vector>

namespace fathom {
namespace {

constexpr size_t kDraws = 2000;
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
  return yes_or_no ? wilson(scores) : bootstrap(scores);
}

Interval difference_of(std::span<const double> a, std::span<const double> b) {
  std::vector<double> differences;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) differences.push_back(a[i] - b[i]);
  if (differences.empty()) return {};
  return bootstrap(differences);
}

}  // namespace fathom
