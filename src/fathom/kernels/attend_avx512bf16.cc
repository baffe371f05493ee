#if defined(__x86_64__)
#include "fathom/kernels/attend_impl.h"
#include "fathom/simd/vec_avx512bf16.h"

namespace fathom {

void attend_avx512bf16_bf16(const AttendItem& item) {
  AttendLoop<avx512bf16::Vec, avx512bf16::Vec::Bf16>(item).run();
}
void attend_avx512bf16_int8(const AttendItem& item) {
  using Vec = avx512bf16::Vec;
  AttendLoop<Vec, Vec::Bf16, ByteScores<Vec, Vec::Bf16>>(item).run();
}
void attend_avx512bf16_f32(const AttendItem& item) {
  AttendLoop<avx512bf16::Vec, avx512bf16::Vec::F32>(item).run();
}

}  // namespace fathom
#endif
