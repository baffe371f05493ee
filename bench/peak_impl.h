// The loops of peak.h over the SIMD vocabulary, compiled per instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

#include "peak.h"

namespace fathom {

// Hides a register's value from the compiler, which would otherwise take products out of the loop.
#if defined(__x86_64__)
#define FATHOM_OPAQUE(x) asm volatile("" : "+v"(x))
#else
#define FATHOM_OPAQUE(x) asm volatile("" : "+w"(x))
#endif

template <class Vec, class Op>
double spin(size_t rounds) {
  constexpr int kChains = Vec::kTileRows * Vec::kTileVectors;
  constexpr size_t kZeros = 2 * sizeof(typename Vec::F);
  alignas(64) const unsigned char zeros[kZeros] = {};
  const auto a = Op::template left<0>(reinterpret_cast<const typename Op::Left*>(zeros));
  auto b = Op::template right<0>(reinterpret_cast<const typename Op::Right*>(zeros));
  typename Vec::F acc[kChains];
#pragma GCC unroll 24
  for (int i = 0; i < kChains; ++i) {
    acc[i] = Vec::zero();
    FATHOM_OPAQUE(acc[i]);  // or the chains, all alike, become one
  }
  for (size_t n = 0; n < rounds; ++n) {
    FATHOM_OPAQUE(b);
#pragma GCC unroll 24
    for (int i = 0; i < kChains; ++i) acc[i] = Op::dot(acc[i], a, b);
  }
  typename Vec::F sum = Vec::zero();
#pragma GCC unroll 24
  for (int i = 0; i < kChains; ++i) sum = Vec::add(sum, acc[i]);
  FATHOM_OPAQUE(sum);
  const size_t products = Vec::kLanes * Op::kPack / Op::kParts;
  return 2.0 * static_cast<double>(products * kChains * rounds);
}

template <class Vec>
float read_all(const float* data, size_t count) {
  typename Vec::F sums[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) sums[i] = Vec::zero();
  for (size_t at = 0; at + 8 * Vec::kLanes <= count; at += 8 * Vec::kLanes)
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) sums[i] = Vec::add(sums[i], Vec::load(data + at + i * Vec::kLanes));
  typename Vec::F sum = sums[0];
  for (int i = 1; i < 8; ++i) sum = Vec::add(sum, sums[i]);
  return Vec::reduce_add(sum);
}

}  // namespace fathom
