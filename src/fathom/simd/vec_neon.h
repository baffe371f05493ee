// The SIMD vocabulary (vec_common.h) for AArch64's NEON, without its later extensions: four f32
// lanes, 32 registers.
#pragma once

#include <cstddef>
#include <cstdint>

#include <arm_neon.h>

#include "fathom/simd/vec_operands.h"

namespace fathom::neon {

struct Lanes {
  using F = float32x4_t;
  using I = int32x4_t;
  using Mask = uint32x4_t;
  static constexpr size_t kLanes = 4;
  static constexpr int kTileRows = 6;
  static constexpr int kTileVectors = 4;
  static constexpr bool kOverlap = false;
  static constexpr bool kDotBytes = false;

  FATHOM_INLINE F zero() { return vdupq_n_f32(0); }
  FATHOM_INLINE F set1(float x) { return vdupq_n_f32(x); }
  FATHOM_INLINE F load(const float* p) { return vld1q_f32(p); }
  FATHOM_INLINE void store(float* p, F x) { vst1q_f32(p, x); }
  FATHOM_INLINE F add(F a, F b) { return vaddq_f32(a, b); }
  FATHOM_INLINE F sub(F a, F b) { return vsubq_f32(a, b); }
  FATHOM_INLINE F mul(F a, F b) { return vmulq_f32(a, b); }
  FATHOM_INLINE F fma(F a, F b, F c) { return vfmaq_f32(c, a, b); }
  FATHOM_INLINE F mul_from(F a, const float* p) { return mul(a, load(p)); }
  FATHOM_INLINE F fma_from(F a, const float* p, F c) { return fma(a, load(p), c); }
  FATHOM_INLINE F times_power(F s, F, const float* p) { return mul_from(s, p); }
  FATHOM_INLINE F max(F a, F b) { return vmaxq_f32(a, b); }
  FATHOM_INLINE float reduce_add(F x) { return vaddvq_f32(x); }
  FATHOM_INLINE float reduce_max(F x) { return vmaxvq_f32(x); }
  FATHOM_INLINE Mask greater(F a, F b) { return vcgtq_f32(a, b); }
  FATHOM_INLINE bool any(Mask m) { return vmaxvq_u32(m) != 0; }
  FATHOM_INLINE F select(uint64_t bits, F a, F b) {
    const uint32x4_t lane = {1, 2, 4, 8};
    return vbslq_f32(vtstq_u32(vdupq_n_u32(static_cast<uint32_t>(bits)), lane), a, b);
  }

  template <int kDistance>
  FATHOM_INLINE F exchange(F x) {
    if constexpr (kDistance == 1) return vrev64q_f32(x);
    if constexpr (kDistance == 2) return vextq_f32(x, x, 2);
  }

  template <int kDegree>
  FATHOM_INLINE F exp2(F x) {
    x = vmaxq_f32(set1(-127.0f), x);  // where the exponent field below becomes 0; a NaN stays one
    const F floor = vrndmq_f32(x);
    const F f = sub(x, floor);
    F p = set1(kExp2Polynomial<kDegree>[kDegree]);
#pragma GCC unroll 8
    for (int i = kDegree - 1; i >= 0; --i) p = fma(p, f, set1(kExp2Polynomial<kDegree>[i]));
    const int32x4_t exponent = vaddq_s32(vcvtq_s32_f32(floor), vdupq_n_s32(127));
    return mul(p, vreinterpretq_f32_s32(vshlq_n_s32(exponent, 23)));
  }
  FATHOM_INLINE F round_bf16(F x) {
    const uint32x4_t u = vreinterpretq_u32_f32(x);
    const uint32x4_t odd = vandq_u32(vshrq_n_u32(u, 16), vdupq_n_u32(1));
    const uint32x4_t up = vaddq_u32(vaddq_u32(u, vdupq_n_u32(0x7fff)), odd);
    return vreinterpretq_f32_u32(vandq_u32(up, vdupq_n_u32(0xffff0000)));
  }

  FATHOM_INLINE I zero_int() { return vdupq_n_s32(0); }
  FATHOM_INLINE I load_int(const void* p) { return vld1q_s32(static_cast<const int32_t*>(p)); }
  FATHOM_INLINE void store_int(void* p, I x) { vst1q_s32(static_cast<int32_t*>(p), x); }
  FATHOM_INLINE I splat_int(const void* p) {
    int32_t x;
    __builtin_memcpy(&x, p, sizeof x);
    return vdupq_n_s32(x);
  }
  FATHOM_INLINE I add_int(I a, I b) { return vaddq_s32(a, b); }
  FATHOM_INLINE F to_float(I x) { return vcvtq_f32_s32(x); }
  FATHOM_INLINE I round_to_int(F x) { return vcvtnq_s32_f32(x); }
  FATHOM_INLINE void store_int16(int16_t* p, I x) { vst1_s16(p, vmovn_s32(x)); }
  FATHOM_INLINE I dot_pairs(I acc, I a, I b) {
    const int16x8_t left = vreinterpretq_s16_s32(a);
    const int16x8_t right = vreinterpretq_s16_s32(b);
    const int32x4_t low = vmull_s16(vget_low_s16(left), vget_low_s16(right));
    return vaddq_s32(acc, vpaddq_s32(low, vmull_high_s16(left, right)));
  }

  template <int kPart>
  FATHOM_INLINE F widen_bf16(I x) {
    const uint32x4_t u = vreinterpretq_u32_s32(x);
    return vreinterpretq_f32_u32(kPart == 0 ? vshlq_n_u32(u, 16)
                                            : vandq_u32(u, vdupq_n_u32(0xffff0000)));
  }
  template <int kPart>
  FATHOM_INLINE F widen_f16(I x) {
    const uint32x4_t u = vreinterpretq_u32_s32(x);
    const uint16x4_t half = kPart == 0 ? vmovn_u32(u) : vshrn_n_u32(u, 16);
    return vcvt_f32_f16(vreinterpret_f16_u16(half));
  }
  FATHOM_INLINE I join_bf16(F low, F high) {
    const uint32x4_t a = vshrq_n_u32(vreinterpretq_u32_f32(round_bf16(low)), 16);
    return vreinterpretq_s32_u32(vorrq_u32(a, vreinterpretq_u32_f32(round_bf16(high))));
  }
  template <int kBits, int kRow>
  FATHOM_INLINE I code_pairs(const uint32_t* p) {
    uint32x4_t x = vld1q_u32(p);
    if constexpr (kRow > 0) x = vshrq_n_u32(x, kBits * kRow);
    return vreinterpretq_s32_u32(
        vorrq_u32(vandq_u32(x, vdupq_n_u32(code_mask(kBits))), vdupq_n_u32(kCodeExponent)));
  }
};

struct Vec : Lanes {
  using Bf16 = WidenedBf16<Lanes>;
  using F32 = Float32<Lanes>;
};

}  // namespace fathom::neon
