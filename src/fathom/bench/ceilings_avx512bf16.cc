#if defined(__x86_64__)
#include <immintrin.h>

#include "fathom/bench/ceilings_impl.h"
#include "fathom/simd/vec_avx512.h"

namespace fathom {
namespace {

struct Bf16Dot {  // vdpbf16ps
  using Sum = __m512;
  using Factor = __m512i;
  static constexpr size_t kProducts = 32;
  static constexpr int kChains = 24;
  static inline Sum dot(Sum sum, Factor a, Factor b) {
    return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b);
  }
};

struct Int8Dot {  // vpdpbusd
  using Sum = __m512i;
  using Factor = __m512i;
  static constexpr size_t kProducts = 64;
  static constexpr int kChains = 24;
  static inline Sum dot(Sum sum, Factor a, Factor b) { return _mm512_dpbusd_epi32(sum, a, b); }
};

}  // namespace

const CeilingKernels kCeilingsAvx512Bf16 = {spin<F32Dot<avx512::Vec, 24>>, spin<Bf16Dot>,
                                            spin<Int8Dot>, read_all<avx512::Vec>};
}  // namespace fathom
#endif
