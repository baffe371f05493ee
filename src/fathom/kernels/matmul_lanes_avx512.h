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

struct Avx512Lanes : avx512::Vec {
  FATHOM_INLINE F bf16_pairs(F a, F b) {
    alignas(64) static constexpr uint16_t kHighHalves[32] = {
        1,  3,  5,  7,  9,  11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31,
        33, 35, 37, 39, 41, 43, 45, 47, 49, 51, 53, 55, 57, 59, 61, 63};
    return _mm512_castsi512_ps(_mm512_permutex2var_epi16(_mm512_castps_si512(round_bf16(a)),
                                                         _mm512_load_si512(kHighHalves),
                                                         _mm512_castps_si512(round_bf16(b))));
  }
  FATHOM_INLINE void transpose(F (&rows)[16]) { transpose_16x16(rows); }
};

}  // namespace
}  // namespace fathom
