#if defined(__x86_64__)
#include <immintrin.h>

#include "fathom/kernels/match_codes_kernel.h"

namespace fathom {

void match_codes_avx512(const uint32_t* codes, const uint32_t* rows, size_t count, uint32_t step,
                        uint64_t* bits) {
  __m512i block[4];
  for (int v = 0; v < 4; ++v) block[v] = _mm512_loadu_si512(codes + 16 * v);
  for (size_t i = 0; i < count; ++i) {
    const __m512i own = _mm512_set1_epi32(static_cast<int>(rows[i]));
    const __m512i before = _mm512_set1_epi32(static_cast<int>(rows[i] - step));
    uint64_t row = 0;
    for (int v = 0; v < 4; ++v) {
      const unsigned match = static_cast<unsigned>(_mm512_cmpeq_epi32_mask(block[v], own)) |
                             static_cast<unsigned>(_mm512_cmpeq_epi32_mask(block[v], before));
      row |= static_cast<uint64_t>(match) << (16 * v);
    }
    bits[i] = row;
  }
}

}  // namespace fathom
#endif
