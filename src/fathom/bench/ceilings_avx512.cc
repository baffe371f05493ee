#if defined(__x86_64__)
#include "fathom/bench/ceilings_impl.h"
#include "fathom/simd/vec_avx512.h"

namespace fathom {
namespace {
using Dot = F32Dot<avx512::Vec, 24>;
}
const CeilingKernels kCeilingsAvx512 = {spin<Dot>, spin<Dot>, nullptr, read_all<avx512::Vec>};
}  // namespace fathom
#endif
