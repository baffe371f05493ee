#if defined(__x86_64__)
#include "fathom/kernels/key_sums_impl.h"
#include "fathom/simd/vec_avx512.h"

namespace fathom {

void key_sums_avx512_bf16(const KeySumsItem& item) {
  KeySumsLoop<avx512::Vec, avx512::Vec::Bf16>(item).run();
}
void key_sums_avx512_f32(const KeySumsItem& item) {
  KeySumsLoop<avx512::Vec, avx512::Vec::F32>(item).run();
}

}  // namespace fathom
#endif
