#include "fathom/kernels/key_scores_impl.h"
#include "fathom/simd/vec_portable.h"

namespace fathom {

void key_scores_portable_bf16(const KeyScoresItem& item) {
  KeyScoresLoop<portable::Vec, portable::Vec::Bf16>(item).run();
}
void key_scores_portable_int8(const KeyScoresItem& item) {
  using Vec = portable::Vec;
  KeyScoresLoop<Vec, Vec::Bf16, ByteScores<Vec, Vec::Bf16>>(item).run();
}
void key_scores_portable_f32(const KeyScoresItem& item) {
  KeyScoresLoop<portable::Vec, portable::Vec::F32>(item).run();
}

}  // namespace fathom
