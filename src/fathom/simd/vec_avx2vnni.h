// The SIMD vocabulary (vec_common.h) for AVX2 with AVX-VNNI: AVX2's, but pairs of int16 go straight
// into vpdpwssd, and bytes into vpdpbusd.
#pragma once

#include "fathom/simd/vec_avx2.h"

namespace fathom::avx2vnni {

struct Vec : avx2::Vec {
  static constexpr bool kDotBytes = true;

  // Written as assembly, since GCC 12 copies the accumulators of these intrinsics to and fro.
  // Without {vex} the assembler takes AVX-512's encoding, which faults where there is only
  // AVX-VNNI.
  FATHOM_INLINE I dot_pairs(I acc, I a, I b) {
    asm("%{vex%} vpdpwssd %2, %1, %0" : "+x"(acc) : "x"(a), "x"(b));
    return acc;
  }
  FATHOM_INLINE I dot_bytes(I acc, I u, I s) {
    asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(acc) : "x"(u), "x"(s));
    return acc;
  }
  FATHOM_INLINE void store_int8(int8_t* p, I x) {
    const __m128i pairs =
        _mm_packs_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packs_epi16(pairs, pairs));
  }
};

}  // namespace fathom::avx2vnni
