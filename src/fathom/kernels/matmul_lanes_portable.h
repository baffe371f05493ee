// What packing a panel needs of an instruction set beyond simd/vec_*.h:
//
//   codes16(p, zero)   the 2 * kLanes bytes at p, less zero, as int16, two to a lane
//   transpose(rows)    the kLanes x kLanes matrix of 32-bit lanes
//   kDotBf16           whether products of bf16 are offered, and then
//   bf16_pairs(p)      the 2 * kLanes floats at p rounded to bf16, two to a lane
#pragma once

#include <cstddef>
#include <cstdint>

#include "fathom/simd/vec_portable.h"

namespace fathom {
namespace {

struct PortableLanes : portable::Vec {
  static constexpr bool kDotBf16 = true;

  FATHOM_INLINE F codes16(const uint8_t* p, uint8_t zero) {
    int16_t codes[2 * kLanes];
    for (size_t i = 0; i < 2 * kLanes; ++i) codes[i] = static_cast<int16_t>(p[i] - zero);
    F bits;
    __builtin_memcpy(&bits, codes, sizeof bits);
    return bits;
  }
  FATHOM_INLINE F bf16_pairs(const float* p) {
    float rounded[2 * kLanes];
    uint16_t halves[4 * kLanes];  // bf16 is the upper half of a float
    store(rounded, round_bf16(load(p)));
    store(rounded + kLanes, round_bf16(load(p + kLanes)));
    __builtin_memcpy(halves, rounded, sizeof halves);
    uint16_t pairs[2 * kLanes];
    constexpr size_t kUpper = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 1 : 0;
    for (size_t i = 0; i < 2 * kLanes; ++i) pairs[i] = halves[2 * i + kUpper];
    return load(reinterpret_cast<const float*>(pairs));
  }
  FATHOM_INLINE void transpose(F (&rows)[kLanes]) {
    for (size_t i = 0; i < kLanes; ++i) {
      for (size_t j = i + 1; j < kLanes; ++j) {
        const float above = rows[i][j];
        rows[i][j] = rows[j][i];
        rows[j][i] = above;
      }
    }
  }
};

}  // namespace
}  // namespace fathom
