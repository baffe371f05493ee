// matmul_lanes_portable.h over AVX2's vocabulary, with or without AVX-VNNI.
#pragma once

#include <cstdint>

#include <immintrin.h>

#include "fathom/simd/vec_common.h"

namespace fathom {
namespace {

template <class Vec>
struct Avx2Lanes : Vec {
  static constexpr bool kDotBf16 = false;
  FATHOM_INLINE __m256 codes16(const uint8_t* p, uint8_t zero) {
    const __m256i codes =
        _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
    return _mm256_castsi256_ps(_mm256_sub_epi16(codes, _mm256_set1_epi16(zero)));
  }
  // Pairs of lanes, then quadruples, then halves change places.
  FATHOM_INLINE void transpose(__m256 (&rows)[8]) {
    __m256 t[8];
#pragma GCC unroll 4
    for (int i = 0; i < 8; i += 2) {
      t[i] = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
      t[i + 1] = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
    }
    __m256 u[8];
#pragma GCC unroll 2
    for (int i = 0; i < 8; i += 4) {
      u[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
      u[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
      u[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
      u[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      rows[i] = _mm256_permute2f128_ps(u[i], u[i + 4], 0x20);
      rows[i + 4] = _mm256_permute2f128_ps(u[i], u[i + 4], 0x31);
    }
  }
};

}  // namespace
}  // namespace fathom
