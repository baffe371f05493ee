// matmul_kernels.h for NEON.
#if defined(__aarch64__)
#include "fathom/kernels/matmul_codes_impl.h"
#include "fathom/kernels/matmul_lanes_neon.h"

namespace fathom {
const MatmulKernels matmul_neon = make_matmul_kernels<NeonLanes>();
}  // namespace fathom
#endif
