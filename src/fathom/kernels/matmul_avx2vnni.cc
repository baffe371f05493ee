// matmul_kernels.h for AVX2 with AVX-VNNI.
#if defined(__x86_64__)
#include "fathom/kernels/matmul_codes_impl.h"
#include "fathom/kernels/matmul_lanes_avx2.h"
#include "fathom/simd/vec_avx2vnni.h"

namespace fathom {
const MatmulKernels matmul_avx2vnni = make_matmul_kernels<Avx2Lanes<avx2vnni::Vec>>();
}  // namespace fathom
#endif
