#include "fathom/kernels/matmul_kernels.h"

namespace fathom {

const MatmulKernels& matmul_kernels(Isa isa) {
  switch (isa) {
#if defined(__x86_64__)
    case Isa::avx2:
      return matmul_avx2;
    case Isa::avx2vnni:
      return matmul_avx2vnni;
    case Isa::avx512:
      return matmul_avx512;
    case Isa::avx512bf16:
      return matmul_avx512bf16;
#elif defined(__aarch64__)
    case Isa::neon:
      return matmul_neon;
#endif
    default:
      return matmul_portable;
  }
}

}  // namespace fathom
