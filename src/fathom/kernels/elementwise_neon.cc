// elementwise_impl.h for NEON.
#if defined(__aarch64__)
#include "fathom/kernels/elementwise_impl.h"
#include "fathom/simd/vec_neon.h"

namespace fathom {
const ElementwiseKernels elementwise_neon = kElementwise<neon::Vec>;
}  // namespace fathom
#endif
