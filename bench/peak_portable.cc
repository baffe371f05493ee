#include "fathom/simd/vec_portable.h"
#include "peak_impl.h"

namespace fathom {
const PeakKernels kPeakPortable = {spin<portable::Vec, portable::Vec::Bf16>,
                                   spin<portable::Vec, portable::Vec::F32>,
                                   read_all<portable::Vec>};
}  // namespace fathom
