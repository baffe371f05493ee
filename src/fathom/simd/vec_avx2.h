// The SIMD vocabulary (vec_common.h) for AVX2 with FMA: eight f32 lanes, 16 registers.
#pragma once

#include <cstddef>
#include <cstdint>

#include <immintrin.h>

#include "fathom/simd/vec_operands.h"

namespace fathom::avx2 {

struct Lanes {
  using F = __m256;
  using I = __m256i;
  using Mask = __m256i;
  static constexpr size_t kLanes = 8;
  static constexpr int kTileRows = 6;
  static constexpr int kTileVectors = 2;
  static constexpr bool kOverlap = false;
  static constexpr bool kDotBytes = false;

  FATHOM_INLINE F zero() { return _mm256_setzero_ps(); }
  FATHOM_INLINE F set1(float x) { return _mm256_set1_ps(x); }
  FATHOM_INLINE F load(const float* p) { return _mm256_loadu_ps(p); }
  FATHOM_INLINE void store(float* p, F x) { _mm256_storeu_ps(p, x); }
  FATHOM_INLINE F add(F a, F b) { return _mm256_add_ps(a, b); }
  FATHOM_INLINE F sub(F a, F b) { return _mm256_sub_ps(a, b); }
  FATHOM_INLINE F mul(F a, F b) { return _mm256_mul_ps(a, b); }
  FATHOM_INLINE F fma(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
  FATHOM_INLINE F mul_from(F a, const float* p) { return mul(a, load(p)); }
  FATHOM_INLINE F fma_from(F a, const float* p, F c) { return fma(a, load(p), c); }
  FATHOM_INLINE F times_power(F s, F, const float* p) { return mul_from(s, p); }
  FATHOM_INLINE F max(F a, F b) { return _mm256_max_ps(a, b); }
  FATHOM_INLINE float reduce_add(F x) {
    __m128 v = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    v = _mm_add_ps(v, _mm_movehl_ps(v, v));
    return _mm_cvtss_f32(_mm_add_ss(v, _mm_movehdup_ps(v)));
  }
  FATHOM_INLINE float reduce_max(F x) {
    __m128 v = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    v = _mm_max_ps(v, _mm_movehl_ps(v, v));
    return _mm_cvtss_f32(_mm_max_ss(v, _mm_movehdup_ps(v)));
  }
  FATHOM_INLINE Mask greater(F a, F b) {
    return _mm256_castps_si256(_mm256_cmp_ps(a, b, _CMP_GT_OQ));
  }
  FATHOM_INLINE bool any(Mask m) { return !_mm256_testz_si256(m, m); }
  FATHOM_INLINE F select(uint64_t bits, F a, F b) {
    const __m256i lane = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    const __m256i low = _mm256_set1_epi32(static_cast<int>(bits & 0xff));
    const __m256i chosen = _mm256_cmpeq_epi32(_mm256_and_si256(low, lane), lane);
    return _mm256_blendv_ps(b, a, _mm256_castsi256_ps(chosen));
  }

  template <int kDistance>
  FATHOM_INLINE F exchange(F x) {
    if constexpr (kDistance == 1) return _mm256_permute_ps(x, 0xb1);
    if constexpr (kDistance == 2) return _mm256_permute_ps(x, 0x4e);
    if constexpr (kDistance == 4) return _mm256_permute2f128_ps(x, x, 0x01);
  }

  template <int kDegree>
  FATHOM_INLINE F exp2(F x) {
    // Where the exponent field below becomes 0. In this order a NaN stays one.
    x = _mm256_max_ps(set1(-127.0f), x);
    const F floor = _mm256_floor_ps(x);
    const F f = sub(x, floor);
    F p = set1(kExp2Polynomial<kDegree>[kDegree]);
#pragma GCC unroll 8
    for (int i = kDegree - 1; i >= 0; --i) p = fma(p, f, set1(kExp2Polynomial<kDegree>[i]));
    const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(floor), _mm256_set1_epi32(127));
    return mul(p, _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23)));
  }
  FATHOM_INLINE F round_bf16(F x) {
    const __m256i u = _mm256_castps_si256(x);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(u, 16), _mm256_set1_epi32(1));
    const __m256i up = _mm256_add_epi32(_mm256_add_epi32(u, _mm256_set1_epi32(0x7fff)), odd);
    return _mm256_castsi256_ps(_mm256_and_si256(up, _mm256_set1_epi32(-0x10000)));
  }

  FATHOM_INLINE I zero_int() { return _mm256_setzero_si256(); }
  FATHOM_INLINE I load_int(const void* p) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(p));
  }
  FATHOM_INLINE void store_int(void* p, I x) { _mm256_storeu_si256(static_cast<__m256i*>(p), x); }
  FATHOM_INLINE I splat_int(const void* p) {
    int32_t x;
    __builtin_memcpy(&x, p, sizeof x);
    return _mm256_set1_epi32(x);
  }
  FATHOM_INLINE I add_int(I a, I b) { return _mm256_add_epi32(a, b); }
  FATHOM_INLINE F to_float(I x) { return _mm256_cvtepi32_ps(x); }
  FATHOM_INLINE I round_to_int(F x) { return _mm256_cvtps_epi32(x); }
  FATHOM_INLINE void store_int16(int16_t* p, I x) {
    const __m128i packed =
        _mm_packs_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), packed);
  }
  FATHOM_INLINE I dot_pairs(I acc, I a, I b) {
    return _mm256_add_epi32(acc, _mm256_madd_epi16(a, b));
  }

  template <int kPart>
  FATHOM_INLINE F widen_bf16(I x) {
    return _mm256_castsi256_ps(kPart == 0 ? _mm256_slli_epi32(x, 16)
                                          : _mm256_and_si256(x, _mm256_set1_epi32(-0x10000)));
  }
  template <int kPart>
  FATHOM_INLINE F widen_f16(I x) {
    x = kPart == 0 ? _mm256_and_si256(x, _mm256_set1_epi32(0xffff)) : _mm256_srli_epi32(x, 16);
    return _mm256_cvtph_ps(
        _mm_packus_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1)));
  }
  FATHOM_INLINE I join_bf16(F low, F high) {
    const I a = _mm256_srli_epi32(_mm256_castps_si256(round_bf16(low)), 16);
    return _mm256_or_si256(a, _mm256_castps_si256(round_bf16(high)));
  }
  template <int kBits, int kRow>
  FATHOM_INLINE I code_pairs(const uint32_t* p) {
    const I x = _mm256_srli_epi32(load_int(p), kBits * kRow);
    return _mm256_or_si256(_mm256_and_si256(x, _mm256_set1_epi32(code_mask(kBits))),
                           _mm256_set1_epi32(kCodeExponent));
  }
};

struct Vec : Lanes {
  using Bf16 = WidenedBf16<Lanes>;
  using F32 = Float32<Lanes>;
};

}  // namespace fathom::avx2
