// matmul_impl.h for any machine.
#include "fathom/kernels/matmul_impl.h"
#include "fathom/kernels/matmul_lanes_portable.h"

namespace fathom {
const MatmulTable matmul_portable = kMatmulTable<PortableLanes>;
}  // namespace fathom
