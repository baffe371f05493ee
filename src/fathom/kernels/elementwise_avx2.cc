// elementwise_impl.h for AVX2.
#if defined(__x86_64__)
#include "fathom/kernels/elementwise_impl.h"
#include "fathom/simd/vec_avx2.h"

namespace fathom {
const ElementwiseKernels elementwise_avx2 = kElementwise<avx2::Vec>;
}  // namespace fathom
#endif
