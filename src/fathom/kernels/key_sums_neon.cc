#if defined(__aarch64__)
#include "fathom/kernels/key_sums_impl.h"
#include "fathom/simd/vec_neon.h"

namespace fathom {

void key_sums_neon_bf16(const KeySumsItem& item) {
  KeySumsLoop<neon::Vec, neon::Vec::Bf16>(item).run();
}
void key_sums_neon_f32(const KeySumsItem& item) {
  KeySumsLoop<neon::Vec, neon::Vec::F32>(item).run();
}

}  // namespace fathom
#endif
