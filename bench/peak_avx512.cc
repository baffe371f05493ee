#if defined(__x86_64__)
#include "fathom/simd/vec_avx512.h"
#include "peak_impl.h"

namespace fathom {
const PeakKernels kPeakAvx512 = {spin<avx512::Vec, avx512::Vec::Bf16>,
                                 spin<avx512::Vec, avx512::Vec::F32>, read_all<avx512::Vec>};
}  // namespace fathom
#endif
