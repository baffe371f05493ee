// The other operands are attend_avx2.cc's.
#if defined(__x86_64__)
#include "fathom/kernels/attend_impl.h"
#include "fathom/simd/vec_avx2vnni.h"

namespace fathom {

void attend_avx2vnni_int8(const AttendItem& item) {
  using Vec = avx2vnni::Vec;
  AttendLoop<Vec, Vec::Bf16, ByteScores<Vec, Vec::Bf16>>(item).run();
}

}  // namespace fathom
#endif
