// The time that a piece of work takes when nothing disturbs it.
#pragma once

#include <algorithm>
#include <limits>

#include "fathom/base/stopwatch.h"

namespace fathom {

// Seconds of the shortest of as many calls as fit into `budget` seconds, at least three: other
// programs on the machine only ever add time.
template <class Work>
double shortest_seconds(double budget, const Work& work) {
  double shortest = std::numeric_limits<double>::infinity();
  const Stopwatch all;
  for (int i = 0; i < 3 || all.seconds() < budget; ++i) {
    const Stopwatch one;
    work();
    shortest = std::min(shortest, one.seconds());
  }
  return shortest;
}

}  // namespace fathom
