#include "fathom/bench/ceilings_impl.h"
#include "fathom/simd/vec_portable.h"

namespace fathom {
namespace {
using Dot = F32Dot<portable::Vec, 12>;
}
const CeilingKernels kCeilingsPortable = {spin<Dot>, spin<Dot>, nullptr, read_all<portable::Vec>};
}  // namespace fathom
