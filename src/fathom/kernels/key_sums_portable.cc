#include "fathom/kernels/key_sums_impl.h"
#include "fathom/simd/vec_portable.h"

namespace fathom {

void key_sums_portable_bf16(const KeySumsItem& item) {
  KeySumsLoop<portable::Vec, portable::Vec::Bf16>(item).run();
}
void key_sums_portable_int8(const KeySumsItem& item) {
  using Vec = portable::Vec;
  KeySumsLoop<Vec, Vec::Bf16, ByteScores<Vec, Vec::Bf16>>(item).run();
}
void key_sums_portable_f32(const KeySumsItem& item) {
  KeySumsLoop<portable::Vec, portable::Vec::F32>(item).run();
}

}  // namespace fathom
