// What packing a panel needs of an instruction set beyond simd/vec_*.h:
//
//   codes16(p, zero)   the 2 * kLanes bytes at p, less zero, as int16, two to a lane
//   transpose(rows)    the kLanes x kLanes matrix of 32-bit lanes
#pragma once

#include <cstddef>
#include <cstdint>

#include "fathom/simd/vec_portable.h"

namespace fathom {
namespace {

struct PortableLanes : portable::Vec {
  FATHOM_INLINE F codes16(const uint8_t* p, uint8_t zero) {
    int16_t codes[2 * kLanes];
    for (size_t i = 0; i < 2 * kLanes; ++i) codes[i] = static_cast<int16_t>(p[i] - zero);
    F bits;
    __builtin_memcpy(&bits, codes, sizeof bits);
    return bits;
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
