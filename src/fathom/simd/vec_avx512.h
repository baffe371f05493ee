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

// 2^f near each sixteenth as a line, 2^(i / 16) times 1.00011728 + 0.693120076 r: the least largest
// relative error for |r| <= 1/32, 1.2e-4.
alignas(64) inline constexpr float kExp2Values[16] = {
    1.00011728f, 1.04439626f, 1.09063563f, 1.1389222f,  1.18934659f, 1.24200346f,
    1.29699165f, 1.35441438f, 1.41437943f, 1.47699935f, 1.5423917f,  1.61067921f,
    1.68199008f, 1.75645814f, 1.83422318f, 1.91543118f};
alignas(64) inline constexpr float kExp2Slopes[16] = {
    0.693120076f, 0.723807123f, 0.755852803f, 0.789317265f, 0.824263326f, 0.860756581f,
    0.898865531f, 0.938661708f, 0.980219812f, 1.02361785f,  1.06893728f,  1.11626318f,
    1.16568437f,  1.21729363f,  1.27118782f,  1.32746812f};

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

  template <int kDegree>
  FATHOM_INLINE F exp2(F x) {
    return kDegree <= 3 ? exp2_from_table(x) : exp2_by_polynomial<kDegree>(x);
  }
  // vreduceps leaves x - floor(x); vscalefps multiplies by 2^floor(x).
  template <int kDegree>
  FATHOM_INLINE F exp2_by_polynomial(F x) {
    const F f = _mm512_reduce_ps(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
    F p = set1(kExp2Polynomial<kDegree>[kDegree]);
#pragma GCC unroll 8
    for (int i = kDegree - 1; i >= 0; --i) p = fma(p, f, set1(kExp2Polynomial<kDegree>[i]));
    return _mm512_scalef_ps(p, x);
  }
  // One multiplication, where a polynomial takes three: the units that multiply are the attention
  // loop's bottleneck. Adding a large number leaves x to the nearest sixteenth in the low bits,
  // where they are an index.
  FATHOM_INLINE F exp2_from_table(F x) {
    const F large = set1(0x1.8p19f);
    const F shifted = add(x, large);
    const F sixteenths = sub(shifted, large);
    const I index = _mm512_castps_si512(shifted);
    const F value = _mm512_permutexvar_ps(index, load(kExp2Values));
    const F slope = _mm512_permutexvar_ps(index, load(kExp2Slopes));
    return _mm512_scalef_ps(fma(slope, sub(x, sixteenths), value), sixteenths);
  }
  FATHOM_INLINE F round_bf16(F x) {
    const __m512i u = _mm512_castps_si512(x);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(u, 16), _mm512_set1_epi32(1));
    const __m512i up = _mm512_add_epi32(_mm512_add_epi32(u, _mm512_set1_epi32(0x7fff)), odd);
    return _mm512_castsi512_ps(_mm512_and_si512(up, _mm512_set1_epi32(-0x10000)));
  }

  FATHOM_INLINE I zero_int() { return _mm512_setzero_si512(); }
  FATHOM_INLINE I load_int(const void* p) { return _mm512_loadu_si512(p); }
  FATHOM_INLINE void store_int(void* p, I x) { _mm512_storeu_si512(p, x); }
  FATHOM_INLINE I splat_int(const void* p) {
    int32_t x;
    __builtin_memcpy(&x, p, sizeof x);
    return _mm512_set1_epi32(x);
  }
  FATHOM_INLINE I add_int(I a, I b) { return _mm512_add_epi32(a, b); }
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

  template <int kPart>
  FATHOM_INLINE F widen_bf16(I x) {
    return _mm512_castsi512_ps(kPart == 0 ? _mm512_slli_epi32(x, 16)
                                          : _mm512_and_si512(x, _mm512_set1_epi32(-0x10000)));
  }
  template <int kPart>
  FATHOM_INLINE F widen_f16(I x) {
    return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(kPart == 0 ? x : _mm512_srli_epi32(x, 16)));
  }
  FATHOM_INLINE I join_bf16(F low, F high) {
    const I a = _mm512_srli_epi32(_mm512_castps_si512(round_bf16(low)), 16);
    return _mm512_or_si512(a, _mm512_castps_si512(round_bf16(high)));
  }
  // (x & mask) | exponent, in one instruction.
  template <int kBits, int kRow>
  FATHOM_INLINE I code_pairs(const uint32_t* p) {
    const I x = _mm512_srli_epi32(_mm512_loadu_si512(p), kBits * kRow);
    return _mm512_ternarylogic_epi32(x, _mm512_set1_epi32(code_mask(kBits)),
                                     _mm512_set1_epi32(kCodeExponent), 0xea);
  }
};

struct Vec : Lanes {
  using Bf16 = WidenedBf16<Lanes>;
  using F32 = Float32<Lanes>;
};

}  // namespace fathom::avx512
