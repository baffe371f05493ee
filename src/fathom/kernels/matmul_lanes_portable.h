// What packing a panel needs of an instruction set beyond simd/vec_*.h:
//
//   bf16_pairs(a, b)   a and then b, rounded to bf16, two to a lane
//   transpose(rows)    the kLanes x kLanes matrix of 32-bit lanes
#pragma once

#include <cstddef>
#include <cstdint>

#include "fathom/simd/vec_portable.h"

namespace fathom {
namespace {

struct PortableLanes : portable::Vec {
  FATHOM_INLINE F bf16_pairs(F a, F b) {
    const U low = (U)round_bf16(a) >> 16;
    const U high = (U)round_bf16(b) >> 16;
    return (F)U{low[0] | low[1] << 16, low[2] | low[3] << 16, high[0] | high[1] << 16,
                high[2] | high[3] << 16};
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
