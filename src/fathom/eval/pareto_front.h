// The Pareto front of techniques: those that no other beats at once in cost and in loss.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace fathom {

struct Tradeoff {
  double cost = 0;
  double loss = 0;
};

// Indices of the points that are not dominated, cheapest first. A point is dominated by one that is
// no worse in either and better in one; of equal points all are on the front. Points that are not
// finite are not.
std::vector<size_t> pareto_front(std::span<const Tradeoff> points);

}  // namespace fathom
