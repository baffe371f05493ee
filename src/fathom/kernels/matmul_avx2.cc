// matmul_kernels.h for AVX2.
#if defined(__x86_64__)
#include "fathom/kernels/matmul_codes_impl.h"
#include "fathom/kernels/matmul_lanes_avx2.h"
#include "fathom/simd/vec_avx2.h"

namespace fathom {
const MatmulKernels matmul_avx2 = make_matmul_kernels<Avx2Lanes<avx2::Vec>>();
}  // namespace fathom
#endif
