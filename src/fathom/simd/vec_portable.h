// The SIMD vocabulary for any machine: four f32 lanes in GCC's vector extension, which compiles to
// SSE2, NEON or plain scalars.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fathom/simd/vec_operands.h"

namespace fathom::portable {

struct Lanes {
  typedef float F __attribute__((vector_size(16)));
  typedef int32_t I __attribute__((vector_size(16)));
  typedef uint32_t U __attribute__((vector_size(16)));
  using Mask = I;
  static constexpr size_t kLanes = 4;
  static constexpr int kTileRows = 6;
  static constexpr int kTileVectors = 2;
  static constexpr bool kOverlap = false;
  static constexpr bool kDotBytes = true;

  FATHOM_INLINE F zero() { return F{}; }
  FATHOM_INLINE F set1(float x) { return F{x, x, x, x}; }
  FATHOM_INLINE F load(const float* p) {
    F x;
    __builtin_memcpy(&x, p, sizeof x);
    return x;
  }
  FATHOM_INLINE void store(float* p, F x) { __builtin_memcpy(p, &x, sizeof x); }
  FATHOM_INLINE F add(F a, F b) { return a + b; }
  FATHOM_INLINE F sub(F a, F b) { return a - b; }
  FATHOM_INLINE F mul(F a, F b) { return a * b; }
  FATHOM_INLINE F fma(F a, F b, F c) { return a * b + c; }
  FATHOM_INLINE F mul_from(F a, const float* p) { return mul(a, load(p)); }
  FATHOM_INLINE F fma_from(F a, const float* p, F c) { return fma(a, load(p), c); }
  FATHOM_INLINE F times_power(F s, F, const float* p) { return mul_from(s, p); }
  FATHOM_INLINE F max(F a, F b) { return a > b ? a : b; }
  FATHOM_INLINE float reduce_add(F x) { return (x[0] + x[2]) + (x[1] + x[3]); }
  FATHOM_INLINE float reduce_max(F x) {
    const float a = x[0] > x[2] ? x[0] : x[2];
    const float b = x[1] > x[3] ? x[1] : x[3];
    return a > b ? a : b;
  }
  FATHOM_INLINE Mask greater(F a, F b) { return a > b; }
  FATHOM_INLINE bool any(Mask m) { return (m[0] | m[1] | m[2] | m[3]) != 0; }
  FATHOM_INLINE F select(uint64_t bits, F a, F b) {
    const int32_t low = static_cast<int32_t>(bits & 15);
    const I chosen = (I{low, low, low, low} & I{1, 2, 4, 8}) != 0;
    return chosen ? a : b;
  }

  template <int kDistance>
  FATHOM_INLINE F exchange(F x) {
    return F{x[0 ^ kDistance], x[1 ^ kDistance], x[2 ^ kDistance], x[3 ^ kDistance]};
  }

  template <int kDegree>
  FATHOM_INLINE F exp2(F x) {
    x = max(set1(-127.0f), x);  // in this order a NaN stays one
    const I truncated = __builtin_convertvector(x, I);
    const I floor = truncated + (__builtin_convertvector(truncated, F) > x);
    const F f = x - __builtin_convertvector(floor, F);
    F p = set1(kExp2Polynomial<kDegree>[kDegree]);
#pragma GCC unroll 8
    for (int i = kDegree - 1; i >= 0; --i) p = fma(p, f, set1(kExp2Polynomial<kDegree>[i]));
    return p * (F)((floor + 127) << 23);
  }
  FATHOM_INLINE F round_bf16(F x) {
    const U u = (U)x;
    return (F)((u + 0x7fffu + ((u >> 16) & 1u)) & 0xffff0000u);
  }

  FATHOM_INLINE I zero_int() { return I{}; }
  FATHOM_INLINE I load_int(const void* p) {
    I x;
    __builtin_memcpy(&x, p, sizeof x);
    return x;
  }
  FATHOM_INLINE void store_int(void* p, I x) { __builtin_memcpy(p, &x, sizeof x); }
  FATHOM_INLINE I splat_int(const void* p) {
    int32_t x;
    __builtin_memcpy(&x, p, sizeof x);
    return I{x, x, x, x};
  }
  FATHOM_INLINE I add_int(I a, I b) { return a + b; }
  FATHOM_INLINE F to_float(I x) { return __builtin_convertvector(x, F); }
  // Adding 1.5 * 2^23 leaves the integer in the lowest bits.
  FATHOM_INLINE I round_to_int(F x) {
    const F magic = set1(12582912.0f);
    return (I)(x + magic) - (I)magic;
  }
  FATHOM_INLINE void store_int16(int16_t* p, I x) {
    for (size_t i = 0; i < kLanes; ++i) p[i] = static_cast<int16_t>(x[i]);
  }
  FATHOM_INLINE void store_int8(int8_t* p, I x) {
    for (size_t i = 0; i < kLanes; ++i) p[i] = static_cast<int8_t>(x[i]);
  }
  FATHOM_INLINE I dot_pairs(I acc, I a, I b) {
    return acc + ((I)((U)a << 16) >> 16) * ((I)((U)b << 16) >> 16) + (a >> 16) * (b >> 16);
  }
  FATHOM_INLINE I dot_bytes(I acc, I u, I s) {
    for (int i = 0; i < 4; ++i)
      acc += ((I)((U)u >> (8 * i)) & 255) * ((I)((U)s << (24 - 8 * i)) >> 24);
    return acc;
  }

  template <int kPart>
  FATHOM_INLINE F widen_bf16(I x) {
    const U u = (U)x;
    return kPart == 0 ? (F)(u << 16) : (F)(u & 0xffff0000u);
  }
  // The exponent's bias differs by 112; what has all of its bits set is not finite.
  template <int kPart>
  FATHOM_INLINE F widen_f16(I x) {
    const U u = kPart == 0 ? (U)x & 0xffffu : (U)x >> 16;
    const U magnitude = (u & 0x7fffu) << 13;
    const U finite = (U)((F)magnitude * set1(0x1p112f));
    const U widened = (I)magnitude >= 0x0f800000 ? magnitude | 0x7f800000u : finite;
    return (F)(widened | (u & 0x8000u) << 16);
  }
  FATHOM_INLINE I join_bf16(F low, F high) {
    return (I)((U)round_bf16(low) >> 16 | (U)round_bf16(high));
  }
  template <int kBits, int kRow>
  FATHOM_INLINE I code_pairs(const uint32_t* p) {
    const U x = (U)load_int(p) >> (kBits * kRow);
    return (I)((x & static_cast<uint32_t>(code_mask(kBits))) | kCodeExponent);
  }
};

struct Vec : Lanes {
  using Bf16 = WidenedBf16<Lanes>;
  using F32 = Float32<Lanes>;
};

}  // namespace fathom::portable
