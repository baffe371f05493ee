#if defined(__x86_64__)
#include "fathom/bench/ceilings_impl.h"
#include "fathom/simd/vec_avx2vnni.h"

namespace fathom {
namespace {

using avx2vnni::Vec;
using Dot = F32Dot<Vec, 12>;

struct Int8Dot {  // vpdpbusd
  using Sum = Vec::I;
  using Factor = Vec::I;
  static constexpr size_t kProducts = 32;
  static constexpr int kChains = 12;
  static inline Sum dot(Sum sum, Factor a, Factor b) { return Vec::dot_bytes(sum, a, b); }
};

}  // namespace

const CeilingKernels kCeilingsAvx2Vnni = {spin<Dot>, spin<Dot>, spin<Int8Dot>, read_all<Vec>};
}  // namespace fathom
#endif
