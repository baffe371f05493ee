// matmul_kernels.h for AVX-512 with BF16.
#if defined(__x86_64__)
#include "fathom/kernels/matmul_codes_impl.h"
#include "fathom/kernels/matmul_lanes_avx512.h"
#include "fathom/simd/vec_avx512bf16.h"

namespace fathom {
namespace {

struct Avx512Bf16Lanes : avx512bf16::Vec {
  static constexpr bool kDotBf16 = true;

  FATHOM_INLINE F codes16(const uint8_t* p, uint8_t zero) { return codes16_avx512(p, zero); }
  FATHOM_INLINE F bf16_pairs(const float* p) {
    return (F)_mm512_cvtne2ps_pbh(load(p + kLanes), load(p));
  }
  FATHOM_INLINE void transpose(F (&rows)[16]) { transpose_16x16(rows); }
};

}  // namespace

const MatmulKernels matmul_avx512bf16 = make_matmul_kernels<Avx512Bf16Lanes>();
}  // namespace fathom
#endif
