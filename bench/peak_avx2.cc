#if defined(__x86_64__)
#include "fathom/simd/vec_avx2.h"
#include "peak_impl.h"

namespace fathom {
const PeakKernels kPeakAvx2 = {spin<avx2::Vec, avx2::Vec::Bf16>, spin<avx2::Vec, avx2::Vec::F32>,
                               read_all<avx2::Vec>};
}  // namespace fathom
#endif
