#if defined(__x86_64__)
#include "fathom/kernels/key_sums_impl.h"
#include "fathom/simd/vec_avx2.h"

namespace fathom {

void key_sums_avx2_bf16(const KeySumsItem& item) {
  KeySumsLoop<avx2::Vec, avx2::Vec::Bf16>(item).run();
}
void key_sums_avx2_f32(const KeySumsItem& item) {
  KeySumsLoop<avx2::Vec, avx2::Vec::F32>(item).run();
}

}  // namespace fathom
#endif
