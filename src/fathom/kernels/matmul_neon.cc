// matmul_impl.h for NEON.
#if defined(__aarch64__)
#include "fathom/kernels/matmul_impl.h"
#include "fathom/kernels/matmul_lanes_neon.h"

namespace fathom {
const MatmulTable matmul_neon = kMatmulTable<NeonLanes>;
}  // namespace fathom
#endif
