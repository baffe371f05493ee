// The other operands are key_scores_avx2.cc's.
#if defined(__x86_64__)
#include "fathom/kernels/key_scores_impl.h"
#include "fathom/simd/vec_avx2vnni.h"

namespace fathom {

void key_scores_avx2vnni_int8(const KeyScoresItem& item) {
  using Vec = avx2vnni::Vec;
  KeyScoresLoop<Vec, Vec::Bf16, ByteScores<Vec, Vec::Bf16>>(item).run();
}

}  // namespace fathom
#endif
