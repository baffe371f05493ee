// The SIMD vocabulary (vec_common.h) for AVX-512 (F, BW, DQ, VL): sixteen f32 lanes, 32
// registers.
#pragma once

#include <cstddef>
#include <cstdint>

// GCC 12's own header reads variables that it leaves undefined on purpose (GCC bug 105593).
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#pragma GCC diagnostic pop

#include "fathom/simd/vec_operands.h"

namespace fathom::avx512 {

struct Lanes {
  using F = __m512;
  using I = __m512i;
  using Mask = __mmask16;
  static constexpr size_t kLanes = 16;
  static constexpr int kTileRows = 6;
  static constexpr int kTileVectors = 4;
  static constexpr bool kOverlap = true;
  static constexpr bool kDotBytes = false;

  FATHOM_INLINE F zero() { return _mm512_setzero_ps(); }
  FATHOM_INLINE F set1(float x) { return _mm512_set1_ps(x); }
  FATHOM_INLINE F load(const float* p) { return _mm512_loadu_ps(p); }
  FATHOM_INLINE void store(float* p, F x) { _mm512_storeu_ps(p, x); }
  FATHOM_INLINE F add(F a, F b) { return _mm512_add_ps(a, b); }
  FATHOM_INLINE F sub(F a, F b) { return _mm512_sub_ps(a, b); }
  FATHOM_INLINE F mul(F a, F b) { return _mm512_mul_ps(a, b); }
  FATHOM_INLINE F fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
  // Written as assembly, since GCC 12 loads b early and then has no registers left.
  FATHOM_INLINE F mul_from(F a, const float* p) {
    F y;
    asm("vmulps %2, %1, %0" : "=v"(y) : "v"(a), "m"(*reinterpret_cast<const F*>(p)));
    return y;
  }
  FATHOM_INLINE F fma_from(F a, const float* p, F c) {
    asm("vfmadd231ps %2, %1, %0" : "+v"(c) : "v"(a), "m"(*reinterpret_cast<const F*>(p)));
    return c;
  }
  FATHOM_INLINE F times_power(F, F e, const float* p) { return _mm512_scalef_ps(load(p), e); }
  FATHOM_INLINE F max(F a, F b) { return _mm512_max_ps(a, b); }
  FATHOM_INLINE float reduce_add(F x) { return _mm512_reduce_add_ps(x); }
  FATHOM_INLINE float reduce_max(F x) { return _mm512_reduce_max_ps(x); }
  FATHOM_INLINE Mask greater(F a, F b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
  FATHOM_INLINE bool any(Mask m) { return m != 0; }
  FATHOM_INLINE F select(uint64_t bits, F a, F b) {
    return _mm512_mask_blend_ps(static_cast<__mmask16>(bits), b, a);
  }

  template <int kDistance>
  FATHOM_INLINE F exchange(F x) {
    if constexpr (kDistance == 1) return _mm512_permute_ps(x, 0xb1);
    if constexpr (kDistance == 2) return _mm512_permute_ps(x, 0x4e);
    if constexpr (kDistance == 4) return _mm512_shuffle_f32x4(x, x, 0xb1);
    if constexpr (kDistance == 8) return _mm512_shuffle_f32x4(x, x, 0x4e);
  }

  // vreduceps leaves x - floor(x), 0 for infinities; vscalefps multiplies by 2^floor(x), 0 for
  // -inf.
  template <int kDegree>
  FATHOM_INLINE F exp2(F x) {
    const F f = _mm512_reduce_ps(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
    F p = set1(kExp2Polynomial<kDegree>[kDegree]);
#pragma GCC unroll 8
    for (int i = kDegree - 1; i >= 0; --i) p = fma(p, f, set1(kExp2Polynomial<kDegree>[i]));
    return _mm512_scalef_ps(p, x);
  }
  FATHOM_INLINE F round_bf16(F x) {
    const __m512i u = _mm512_castps_si512(x);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(u, 16), _mm512_set1_epi32(1));
    const __m512i up = _mm512_add_epi32(_mm512_add_epi32(u, _mm512_set1_epi32(0x7fff)), odd);
    return _mm512_castsi512_ps(_mm512_and_si512(up, _mm512_set1_epi32(-0x10000)));
  }

  FATHOM_INLINE I zero_int() { return _mm512_setzero_si512(); }
  FATHOM_INLINE I load_int(const void* p) { return _mm512_loadu_si512(p); }
  FATHOM_INLINE I splat_int(const void* p) {
    int32_t x;
    __builtin_memcpy(&x, p, sizeof x);
    return _mm512_set1_epi32(x);
  }
  FATHOM_INLINE F to_float(I x) { return _mm512_cvtepi32_ps(x); }
  FATHOM_INLINE I round_to_int(F x) { return _mm512_cvtps_epi32(x); }
  FATHOM_INLINE void store_int16(int16_t* p, I x) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtepi32_epi16(x));
  }
  FATHOM_INLINE void store_int8(int8_t* p, I x) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(x));
  }
  FATHOM_INLINE I dot_pairs(I acc, I a, I b) {
    return _mm512_add_epi32(acc, _mm512_madd_epi16(a, b));
  }

  // The low (0) or the high (1) halves of the lanes at p, bf16, as f32.
  template <int kPart>
  FATHOM_INLINE F widen_bf16(const uint16_t* p) {
    const __m512i u = _mm512_loadu_si512(p);
    return _mm512_castsi512_ps(kPart == 0 ? _mm512_slli_epi32(u, 16)
                                          : _mm512_and_si512(u, _mm512_set1_epi32(-0x10000)));
  }
};

struct Vec : Lanes {
  using Bf16 = WidenedBf16<Lanes>;
  using F32 = Float32<Lanes>;
};

}  // namespace fathom::avx512
