// The loops of ceilings_kernels.h, compiled per instruction set.
#pragma once

#include <cstddef>

#include "fathom/bench/ceilings_kernels.h"

namespace fathom {
namespace {

// Hides a register's value from the compiler, which would otherwise take products out of the loop.
#if defined(__x86_64__)
#define FATHOM_OPAQUE(x) asm volatile("" : "+v"(x))
#else
#define FATHOM_OPAQUE(x) asm volatile("" : "+w"(x))
#endif

// A product instruction: its registers, the multiply-adds it does, and how many of it must be under
// way at a time to hide its latency.
template <class Vec, int chains>
struct F32Dot {
  using Sum = typename Vec::F;
  using Factor = typename Vec::F;
  static constexpr size_t kProducts = Vec::kLanes;
  static constexpr int kChains = chains;
  static inline Sum dot(Sum sum, Factor a, Factor b) { return Vec::fma(a, b, sum); }
};

template <class Dot>
double spin(size_t rounds) {
  typename Dot::Factor a{}, b{};
  typename Dot::Sum sums[Dot::kChains]{};
  FATHOM_OPAQUE(a);
#pragma GCC unroll 24
  for (int i = 0; i < Dot::kChains; ++i)
    FATHOM_OPAQUE(sums[i]);  // or the chains, all alike, become one
  for (size_t n = 0; n < rounds; ++n) {
    FATHOM_OPAQUE(b);
#pragma GCC unroll 24
    for (int i = 0; i < Dot::kChains; ++i) sums[i] = Dot::dot(sums[i], a, b);
  }
#pragma GCC unroll 24
  for (int i = 0; i < Dot::kChains; ++i) FATHOM_OPAQUE(sums[i]);
  return 2.0 * static_cast<double>(Dot::kProducts * Dot::kChains * rounds);
}

template <class Vec>
float read_all(const float* data, size_t count, size_t passes) {
  typename Vec::F sums[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) sums[i] = Vec::zero();
  for (size_t pass = 0; pass < passes; ++pass)
    for (size_t at = 0; at + 8 * Vec::kLanes <= count; at += 8 * Vec::kLanes)
#pragma GCC unroll 8
      for (int i = 0; i < 8; ++i)
        sums[i] = Vec::add(sums[i], Vec::load(data + at + i * Vec::kLanes));
  typename Vec::F sum = sums[0];
  for (int i = 1; i < 8; ++i) sum = Vec::add(sum, sums[i]);
  return Vec::reduce_add(sum);
}

}  // namespace
}  // namespace fathom
