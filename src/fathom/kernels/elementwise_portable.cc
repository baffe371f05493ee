// elementwise_impl.h for any machine.
#include "fathom/kernels/elementwise_impl.h"
#include "fathom/simd/vec_portable.h"

namespace fathom {
const ElementwiseKernels elementwise_portable = kElementwise<portable::Vec>;
}  // namespace fathom
