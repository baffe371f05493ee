#if defined(__aarch64__)
#include "fathom/kernels/key_scores_impl.h"
#include "fathom/simd/vec_neon.h"

namespace fathom {

void key_scores_neon_bf16(const KeyScoresItem& item) {
  KeyScoresLoop<neon::Vec, neon::Vec::Bf16>(item).run();
}
void key_scores_neon_f32(const KeyScoresItem& item) {
  KeyScoresLoop<neon::Vec, neon::Vec::F32>(item).run();
}

}  // namespace fathom
#endif
