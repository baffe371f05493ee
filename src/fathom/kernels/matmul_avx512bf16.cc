// matmul_impl.h for AVX-512 with BF16.
#if defined(__x86_64__)
#include "fathom/kernels/matmul_impl.h"
#include "fathom/kernels/matmul_lanes_avx512.h"
#include "fathom/simd/vec_avx512bf16.h"

namespace fathom {
namespace {

struct Avx512Bf16Lanes : avx512bf16::Vec {
  FATHOM_INLINE F bf16_pairs(F a, F b) { return (F)_mm512_cvtne2ps_pbh(b, a); }
  FATHOM_INLINE void transpose(F (&rows)[16]) { transpose_16x16(rows); }
};

}  // namespace

const MatmulTable matmul_avx512bf16 = kMatmulTable<Avx512Bf16Lanes>;
}  // namespace fathom
#endif
