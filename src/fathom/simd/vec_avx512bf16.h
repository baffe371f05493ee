// The SIMD vocabulary (vec_common.h) for AVX-512 with BF16 and VNNI: AVX-512's, but bf16 operands
// go straight into vdpbf16ps, two products a lane, and bytes into vpdpbusd, four.
#pragma once

#include "fathom/simd/vec_avx512.h"

namespace fathom::avx512bf16 {

struct Vec : avx512::Vec {
  static constexpr bool kDotBytes = true;

  // Written as assembly, since GCC 12 copies the accumulators of these intrinsics to and fro.
  FATHOM_INLINE I dot_pairs(I acc, I a, I b) {
    asm("vpdpwssd %2, %1, %0" : "+v"(acc) : "v"(a), "v"(b));
    return acc;
  }
  FATHOM_INLINE I dot_bytes(I acc, I u, I s) {
    asm("vpdpbusd %2, %1, %0" : "+v"(acc) : "v"(u), "v"(s));
    return acc;
  }

  FATHOM_INLINE I join_bf16(F low, F high) {
    alignas(64) static constexpr uint16_t kInTurn[32] = {0,  16, 1,  17, 2,  18, 3,  19, 4,  20, 5,
                                                         21, 6,  22, 7,  23, 8,  24, 9,  25, 10, 26,
                                                         11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
    return _mm512_permutexvar_epi16(_mm512_load_si512(kInTurn),
                                    (__m512i)_mm512_cvtne2ps_pbh(high, low));
  }

  struct Bf16 {
    using Left = uint16_t;
    using Right = uint16_t;
    static constexpr size_t kPack = 2;
    static constexpr int kParts = 1;
    static constexpr int kExp2Degree = 3;
    template <int kPart>
    FATHOM_INLINE __m512i left(const Left* p) {
      int32_t pair;
      __builtin_memcpy(&pair, p, sizeof pair);
      return _mm512_set1_epi32(pair);
    }
    template <int kPart>
    FATHOM_INLINE __m512i right(const Right* p) {
      return _mm512_loadu_si512(p);
    }
    template <int kPart>
    FATHOM_INLINE I right_of(I pairs) {
      return pairs;
    }
    FATHOM_INLINE void store_pairs(Right* row, size_t, size_t column, F even, F odd) {
      store_int(row + 2 * column, join_bf16(even, odd));
    }
    FATHOM_INLINE F dot(F acc, __m512i a, __m512i b) {
      return _mm512_dpbf16_ps(acc, (__m512bh)a, (__m512bh)b);
    }
    FATHOM_INLINE F store_left(Left* p, F a, F b, F sum) {
      const __m512i rounded = (__m512i)_mm512_cvtne2ps_pbh(b, a);
      _mm512_storeu_si512(p, rounded);
      return dot(sum, rounded, _mm512_set1_epi32(0x3f803f80));  // pairs of bf16 ones
    }
  };
};

}  // namespace fathom::avx512bf16
