// matmul_lanes_portable.h for NEON.
#pragma once

#include "fathom/simd/vec_neon.h"

namespace fathom {
namespace {

struct NeonLanes : neon::Vec {
  static constexpr bool kDotBf16 = false;
  FATHOM_INLINE F codes16(const uint8_t* p, uint8_t zero) {
    const int16x8_t codes = vreinterpretq_s16_u16(vmovl_u8(vld1_u8(p)));
    return vreinterpretq_f32_s16(vsubq_s16(codes, vdupq_n_s16(zero)));
  }
  // Single lanes and then pairs change places.
  FATHOM_INLINE void transpose(F (&rows)[4]) {
    const float32x4x2_t top = vtrnq_f32(rows[0], rows[1]);
    const float32x4x2_t bottom = vtrnq_f32(rows[2], rows[3]);
#pragma GCC unroll 2
    for (int i = 0; i < 2; ++i) {
      const float64x2_t upper = vreinterpretq_f64_f32(top.val[i]);
      const float64x2_t lower = vreinterpretq_f64_f32(bottom.val[i]);
      rows[i] = vreinterpretq_f32_f64(vtrn1q_f64(upper, lower));
      rows[i + 2] = vreinterpretq_f32_f64(vtrn2q_f64(upper, lower));
    }
  }
};

}  // namespace
}  // namespace fathom
