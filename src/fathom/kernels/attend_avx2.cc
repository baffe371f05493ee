#if defined(__x86_64__)
#include "fathom/kernels/attend_impl.h"
#include "fathom/simd/vec_avx2.h"

namespace fathom {

void attend_avx2_bf16(const AttendItem& item) {
  AttendLoop<avx2::Vec, avx2::Vec::Bf16>(item).run();
}
void attend_avx2_f32(const AttendItem& item) { AttendLoop<avx2::Vec, avx2::Vec::F32>(item).run(); }

}  // namespace fathom
#endif
