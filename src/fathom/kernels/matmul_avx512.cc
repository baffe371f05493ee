// matmul_impl.h for AVX-512.
#if defined(__x86_64__)
#include "fathom/kernels/matmul_impl.h"
#include "fathom/kernels/matmul_lanes_avx512.h"

namespace fathom {
const MatmulTable matmul_avx512 = kMatmulTable<Avx512Lanes>;
}  // namespace fathom
#endif
