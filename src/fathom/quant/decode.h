// Quantised rows to f32, and their dot product with an f32 vector.
//
// decode() of every type equals PyPI gguf's `dequantize` to at most one f32 rounding on every ISA.
// Source of the layouts: ggml-common.h; of the formulas: each type's struct in blocks_32.h and
// blocks_256.h.
#pragma once

#include <cstddef>

#include "fathom/quant/dtype.h"
#include "fathom/simd/isa.h"

namespace fathom {

// Decodes `count` elements (a multiple of the block size) from `source` to `target`.
using DecodeFn = void (*)(const std::byte* source, float* target, size_t count);
DecodeFn decoder(DType type, Isa isa);

// Sum of source[i] * x[i] over `count` elements (a multiple of the block size), f32 accumulation in
// an order that depends on the ISA alone.
using DotFn = float (*)(const std::byte* source, const float* x, size_t count);
DotFn dotter(DType type, Isa isa);

}  // namespace fathom
