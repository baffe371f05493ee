#if defined(__aarch64__)
#include "fathom/kernels/attend_impl.h"
#include "fathom/simd/vec_neon.h"

namespace fathom {

void attend_neon_bf16(const AttendItem& item) {
  AttendLoop<neon::Vec, neon::Vec::Bf16>(item).run();
}
void attend_neon_f32(const AttendItem& item) { AttendLoop<neon::Vec, neon::Vec::F32>(item).run(); }

}  // namespace fathom
#endif
