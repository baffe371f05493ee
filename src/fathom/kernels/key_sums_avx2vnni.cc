// The other operands are key_sums_avx2.cc's.
#if defined(__x86_64__)
#include "fathom/kernels/key_sums_impl.h"
#include "fathom/simd/vec_avx2vnni.h"

namespace fathom {

void key_sums_avx2vnni_int8(const KeySumsItem& item) {
  using Vec = avx2vnni::Vec;
  KeySumsLoop<Vec, Vec::Bf16, ByteScores<Vec, Vec::Bf16>>(item).run();
}

}  // namespace fathom
#endif
