#if defined(__x86_64__)
#include "fathom/simd/vec_avx512bf16.h"
#include "peak_impl.h"

namespace fathom {
const PeakKernels kPeakAvx512Bf16 = {spin<avx512bf16::Vec, avx512bf16::Vec::Bf16>,
                                     spin<avx512bf16::Vec, avx512bf16::Vec::F32>,
                                     read_all<avx512bf16::Vec>};
}  // namespace fathom
#endif
