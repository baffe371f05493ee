// Multiples of a step within a range, for the bounds of patterns that see every so many keys.
#pragma once

#include <cstdint>

namespace fathom {

// From 0 on, where % would give what is negative for a negative number. step >= 1.
constexpr int64_t residue(int64_t number, int64_t step) {
  const int64_t rest = number % step;
  return rest < 0 ? rest + step : rest;
}

// Whether a multiple of step >= 1 lies in [first, last], which may be empty.
constexpr bool has_multiple(int64_t first, int64_t last, int64_t step) {
  if (first > last) return false;
  const int64_t rest = residue(first, step);
  return rest == 0 || step - rest <= last - first;
}

// Whether [first, last], not empty, holds multiples of step >= 1 only.
constexpr bool all_multiples(int64_t first, int64_t last, int64_t step) {
  return step == 1 || (first == last && residue(first, step) == 0);
}

}  // namespace fathom
