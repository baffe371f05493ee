#if defined(__x86_64__)
#include "fathom/bench/ceilings_impl.h"
#include "fathom/simd/vec_avx2.h"

namespace fathom {
namespace {
using Dot = F32Dot<avx2::Vec, 12>;
}
const CeilingKernels kCeilingsAvx2 = {spin<Dot>, spin<Dot>, nullptr, read_all<avx2::Vec>};
}  // namespace fathom
#endif
