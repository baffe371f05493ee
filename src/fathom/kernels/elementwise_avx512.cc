// elementwise_impl.h for AVX-512.
#if defined(__x86_64__)
#include "fathom/kernels/elementwise_impl.h"
#include "fathom/simd/vec_avx512.h"

namespace fathom {
const ElementwiseKernels elementwise_avx512 = kElementwise<avx512::Vec>;
}  // namespace fathom
#endif
