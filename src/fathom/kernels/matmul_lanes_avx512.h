// matmul_lanes_portable.h for AVX-512.
#pragma once

#include "fathom/simd/vec_avx512.h"

namespace fathom {
namespace {

// In four steps: within each 128-bit quarter single lanes and then pairs change places, as in a
// 4 x 4 transposition; then whole quarters, twice.
[[gnu::always_inline]] inline void transpose_16x16(__m512 (&rows)[16]) {
  __m512 t[16];
#pragma GCC unroll 8
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_ps(rows[i], rows[i + 1]);
    t[i + 1] = _mm512_unpackhi_ps(rows[i], rows[i + 1]);
  }
  __m512 u[16];  // u[4 g + c]: column c of every quarter, of rows 4 g .. 4 g + 3
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    u[i] = _mm512_shuffle_ps(t[i], t[i + 2], 0x44);
    u[i + 1] = _mm512_shuffle_ps(t[i], t[i + 2], 0xee);
    u[i + 2] = _mm512_shuffle_ps(t[i + 1], t[i + 3], 0x44);
    u[i + 3] = _mm512_shuffle_ps(t[i + 1], t[i + 3], 0xee);
  }
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c) {
    const __m512 even_low = _mm512_shuffle_f32x4(u[c], u[4 + c], 0x88);
    const __m512 odd_low = _mm512_shuffle_f32x4(u[c], u[4 + c], 0xdd);
    const __m512 even_high = _mm512_shuffle_f32x4(u[8 + c], u[12 + c], 0x88);
    const __m512 odd_high = _mm512_shuffle_f32x4(u[8 + c], u[12 + c], 0xdd);
    rows[c] = _mm512_shuffle_f32x4(even_low, even_high, 0x88);
    rows[4 + c] = _mm512_shuffle_f32x4(odd_low, odd_high, 0x88);
    rows[8 + c] = _mm512_shuffle_f32x4(even_low, even_high, 0xdd);
    rows[12 + c] = _mm512_shuffle_f32x4(odd_low, odd_high, 0xdd);
  }
}

[[gnu::always_inline]] inline __m512 codes16_avx512(const uint8_t* p, uint8_t zero) {
  const __m512i codes =
      _mm512_cvtepu8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  return _mm512_castsi512_ps(_mm512_sub_epi16(codes, _mm512_set1_epi16(zero)));
}

struct Avx512Lanes : avx512::Vec {
  static constexpr bool kDotBf16 = false;
  FATHOM_INLINE F codes16(const uint8_t* p, uint8_t zero) { return codes16_avx512(p, zero); }
  FATHOM_INLINE void transpose(F (&rows)[16]) { transpose_16x16(rows); }
};

}  // namespace
}  // namespace fathom
