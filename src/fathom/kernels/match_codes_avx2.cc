#if defined(__x86_64__)
#include <immintrin.h>

#include "fathom/kernels/match_codes_kernel.h"

namespace fathom {

void match_codes_avx2(const uint32_t* codes, const uint32_t* rows, size_t count, uint32_t step,
                      uint64_t* bits) {
  for (size_t i = 0; i < count; ++i) {
    const __m256i own = _mm256_set1_epi32(static_cast<int>(rows[i]));
    const __m256i before = _mm256_set1_epi32(static_cast<int>(rows[i] - step));
    uint64_t row = 0;
    for (int v = 0; v < 8; ++v) {
      const __m256i block = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes + 8 * v));
      const __m256i match =
          _mm256_or_si256(_mm256_cmpeq_epi32(block, own), _mm256_cmpeq_epi32(block, before));
      const auto lanes = static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(match)));
      row |= static_cast<uint64_t>(lanes) << (8 * v);
    }
    bits[i] = row;
  }
}

}  // namespace fathom
#endif
