// matmul_kernels.h for AVX-512.
#if defined(__x86_64__)
#include "fathom/kernels/matmul_codes_impl.h"
#include "fathom/kernels/matmul_lanes_avx512.h"

namespace fathom {
const MatmulKernels matmul_avx512 = make_matmul_kernels<Avx512Lanes>();
}  // namespace fathom
#endif
