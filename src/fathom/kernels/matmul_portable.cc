// matmul_kernels.h for any machine.
#include "fathom/kernels/matmul_codes_impl.h"
#include "fathom/kernels/matmul_lanes_portable.h"

namespace fathom {
const MatmulKernels matmul_portable = make_matmul_kernels<PortableLanes>();
}  // namespace fathom
