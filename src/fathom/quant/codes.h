// Quantised rows as the integers that they are, for integer products.
//
//   element[i] = scales[i / group] * (codes[i] - zero) + minima[i / group]
//
// with codes of at most 8 bits, unsigned. It is exactly what decode.h's decoders return: the
// products are exact in f32.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fathom/quant/dtype.h"
#include "fathom/simd/isa.h"

namespace fathom {

struct CodeFormat {
  // Unpacks `count` elements, a multiple of the type's block size: codes[count],
  // scales[count / group], and, if `minima`, minima[count / group]. Null: the type has no codes.
  void (*unpack)(const std::byte* source, size_t count, uint8_t* codes, float* scales,
                 float* minima) = nullptr;
  size_t group = 0;  // 16 or 32
  uint8_t zero = 0;
  bool minima = false;
};

CodeFormat code_format(DType type, Isa isa);

}  // namespace fathom
