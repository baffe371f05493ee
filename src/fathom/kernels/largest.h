// The largest magnitude of a row that is about to be rounded to integers.
//
// In the anonymous namespace, so that no file's code can stand in for that of another instruction
// set.
#pragma once

#include <cstddef>

namespace fathom {
namespace {

// A row whose largest magnitude is no more counts as all zeros: its scale's inverse would not be
// finite.
constexpr float kSmallest = 1e-30f;

// Of `count` elements, a multiple of kLanes. Not a number if any of them is not finite.
template <class Lanes>
float largest_magnitude(const float* x, size_t count) {
  typename Lanes::F top = Lanes::zero();
  typename Lanes::F finite = Lanes::zero();
  for (size_t i = 0; i < count; i += Lanes::kLanes) {
    const typename Lanes::F v = Lanes::load(x + i);
    top = Lanes::max(top, Lanes::max(v, Lanes::sub(Lanes::zero(), v)));
    finite = Lanes::fma(v, Lanes::zero(), finite);
  }
  return Lanes::reduce_max(top) + Lanes::reduce_add(finite);
}

}  // namespace
}  // namespace fathom
