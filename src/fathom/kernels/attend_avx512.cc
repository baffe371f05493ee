#if defined(__x86_64__)
#include "fathom/kernels/attend_impl.h"
#include "fathom/simd/vec_avx512.h"

namespace fathom {

void attend_avx512_bf16(const AttendItem& item) {
  AttendLoop<avx512::Vec, avx512::Vec::Bf16>(item).run();
}
void attend_avx512_f32(const AttendItem& item) {
  AttendLoop<avx512::Vec, avx512::Vec::F32>(item).run();
}

}  // namespace fathom
#endif
