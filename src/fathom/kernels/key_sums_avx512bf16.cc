#if defined(__x86_64__)
#include "fathom/kernels/key_sums_impl.h"
#include "fathom/simd/vec_avx512bf16.h"

namespace fathom {

void key_sums_avx512bf16_bf16(const KeySumsItem& item) {
  KeySumsLoop<avx512bf16::Vec, avx512bf16::Vec::Bf16>(item).run();
}
void key_sums_avx512bf16_int8(const KeySumsItem& item) {
  using Vec = avx512bf16::Vec;
  KeySumsLoop<Vec, Vec::Bf16, ByteScores<Vec, Vec::Bf16>>(item).run();
}
void key_sums_avx512bf16_f32(const KeySumsItem& item) {
  KeySumsLoop<avx512bf16::Vec, avx512bf16::Vec::F32>(item).run();
}

}  // namespace fathom
#endif
