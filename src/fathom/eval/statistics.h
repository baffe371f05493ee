// Means, and how sure they are.
#pragma once

#include <cstdint>
#include <span>

namespace fathom {

struct Interval {
  double mean = 0;
  double low = 0;  // of the 95 % confidence interval
  double high = 0;
};

// The mean of some samples' scores. For shares in [0, 1] that are all 0 or 1: Wilson's interval
// (Wilson 1927); else Student's t of fewer than 10, and of more the percentile bootstrap (Efron
// 1979) of 2,000 draws from a fixed seed, so that it is the same whenever it is computed. Of one
// score, or none: the interval is the mean alone.
Interval mean_of(std::span<const double> scores);

// The mean difference a[i] - b[i] of two techniques on the same samples, likewise.
Interval difference_of(std::span<const double> a, std::span<const double> b);

}  // namespace fathom
