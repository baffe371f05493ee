#include "fathom/quant/decode.h"

#include "fathom/quant/block_kernels.h"

namespace fathom {
namespace {

BlockKernels kernels(DType type, Isa isa) {
#if defined(__x86_64__)
  switch (isa) {
    case Isa::portable:
      break;
    case Isa::avx2:
      return decode_avx2::kernels(type);
    case Isa::avx512:
    case Isa::avx512bf16:
      return decode_avx512::kernels(type);
  }
#else
  static_cast<void>(isa);
#endif
  return decode_portable::kernels(type);
}

}  // namespace

DecodeFn decoder(DType type, Isa isa) { return kernels(type, isa).decode; }

DotFn dotter(DType type, Isa isa) { return kernels(type, isa).dot; }

}  // namespace fathom
