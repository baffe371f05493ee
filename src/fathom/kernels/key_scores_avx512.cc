#if defined(__x86_64__)
#include "fathom/kernels/key_scores_impl.h"
#include "fathom/simd/vec_avx512.h"

namespace fathom {

void key_scores_avx512_bf16(const KeyScoresItem& item) {
  KeyScoresLoop<avx512::Vec, avx512::Vec::Bf16>(item).run();
}
void key_scores_avx512_f32(const KeyScoresItem& item) {
  KeyScoresLoop<avx512::Vec, avx512::Vec::F32>(item).run();
}

}  // namespace fathom
#endif
