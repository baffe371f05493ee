#if defined(__x86_64__)
#include "fathom/kernels/key_scores_impl.h"
#include "fathom/simd/vec_avx2.h"

namespace fathom {

void key_scores_avx2_bf16(const KeyScoresItem& item) {
  KeyScoresLoop<avx2::Vec, avx2::Vec::Bf16>(item).run();
}
void key_scores_avx2_f32(const KeyScoresItem& item) {
  KeyScoresLoop<avx2::Vec, avx2::Vec::F32>(item).run();
}

}  // namespace fathom
#endif
