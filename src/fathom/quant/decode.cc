#include "fathom/quant/decode.h"

#include "fathom/quant/block_kernels.h"
#include "fathom/quant/codes.h"

namespace fathom {
namespace {

BlockKernels kernels(DType type, Isa isa) {
  switch (isa) {
#if defined(__x86_64__)
    case Isa::avx2:
    case Isa::avx2vnni:
      return decode_avx2::kernels(type);
    case Isa::avx512:
    case Isa::avx512bf16:
      return decode_avx512::kernels(type);
#elif defined(__aarch64__)
    case Isa::neon:
      return decode_neon::kernels(type);
#endif
    default:
      return decode_portable::kernels(type);
  }
}

}  // namespace

DecodeFn decoder(DType type, Isa isa) { return kernels(type, isa).decode; }

CodeFormat code_format(DType type, Isa isa) { return kernels(type, isa).codes; }

DotFn dotter(DType type, Isa isa) { return kernels(type, isa).dot; }

}  // namespace fathom
