#include "fathom/kernels/attend_impl.h"
#include "fathom/simd/vec_portable.h"

namespace fathom {

void attend_portable_bf16(const AttendItem& item) {
  AttendLoop<portable::Vec, portable::Vec::Bf16>(item).run();
}
void attend_portable_int8(const AttendItem& item) {
  using Vec = portable::Vec;
  AttendLoop<Vec, Vec::Bf16, ByteScores<Vec, Vec::Bf16>>(item).run();
}
void attend_portable_f32(const AttendItem& item) {
  AttendLoop<portable::Vec, portable::Vec::F32>(item).run();
}

}  // namespace fathom
