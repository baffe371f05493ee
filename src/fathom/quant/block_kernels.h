// What each instruction set's build of decode_impl.h offers, and where decode.cc finds it.
#pragma once

#include <cstddef>

#include "fathom/quant/codes.h"
#include "fathom/quant/dtype.h"

namespace fathom {

struct BlockKernels {
  void (*decode)(const std::byte* source, float* target, size_t count);
  float (*dot)(const std::byte* source, const float* x, size_t count);
  CodeFormat codes;
};

namespace decode_portable {
BlockKernels kernels(DType type);
}
namespace decode_avx2 {
BlockKernels kernels(DType type);
}
namespace decode_avx512 {
BlockKernels kernels(DType type);
}
namespace decode_neon {
BlockKernels kernels(DType type);
}

}  // namespace fathom
