#if defined(__aarch64__)
#include "fathom/bench/ceilings_impl.h"
#include "fathom/simd/vec_neon.h"

namespace fathom {
namespace {
using Dot = F32Dot<neon::Vec, 24>;
}
const CeilingKernels kCeilingsNeon = {spin<Dot>, spin<Dot>, nullptr, read_all<neon::Vec>};
}  // namespace fathom
#endif
