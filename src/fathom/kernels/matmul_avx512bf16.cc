// matmul_kernels.h for AVX-512 with BF16.
#if defined(__x86_64__)
#include "fathom/kernels/matmul_codes_impl.h"
#include "fathom/kernels/matmul_lanes_avx512.h"
#include "fathom/simd/vec_avx512bf16.h"

namespace fathom {
namespace {

struct Avx512Bf16Lanes : avx512bf16::Vec {
  FATHOM_INLINE F codes16(const uint8_t* p, uint8_t zero) { return codes16_avx512(p, zero); }
  FATHOM_INLINE void transpose(F (&rows)[16]) { transpose_16x16(rows); }
};

}  // namespace

const MatmulKernels matmul_avx512bf16 = make_matmul_kernels<Avx512Bf16Lanes>();
}  // namespace fathom
#endif
