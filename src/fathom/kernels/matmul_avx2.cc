// matmul_impl.h for AVX2.
#if defined(__x86_64__)
#include "fathom/kernels/matmul_impl.h"
#include "fathom/kernels/matmul_lanes_avx2.h"

namespace fathom {
const MatmulTable matmul_avx2 = kMatmulTable<Avx2Lanes>;
}  // namespace fathom
#endif
