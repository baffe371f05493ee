// What each instruction set's build of matmul_impl.h offers for many tokens, and where matmul.cc
// finds it.
#pragma once

#include <cstddef>

#include "fathom/kernels/compute.h"
#include "fathom/kernels/panel.h"

namespace fathom {

// Weights are decoded this many rows and columns at a time; the columns are whole blocks of every
// type, the result lies in L1.
inline constexpr size_t kPackRows = 16;
inline constexpr size_t kPackCols = 256;

// Tokens are multiplied in tiles of this many.
inline constexpr size_t kTileTokens = 6;

// y (+)= left x panel: what one task computes.
struct TileArgs {
  const std::byte* left;   // converted rows of tokens, up to a multiple of kTileTokens
  size_t left_row_bytes;   // from one of them to the next
  size_t tokens;           // of which so many count
  const std::byte* panel;  // panel.h's layout, kBlock wide
  size_t packs;            // its depth
  float* y;                // the first token's element of the panel's first row
  size_t y_stride;         // elements from one token to the next
  size_t width;            // rows of weights in this panel, at most kBlock
};

// For one operand type.
struct MatmulKernels {
  size_t left_bytes;  // of an element of a converted row of x
  // Writes `count` elements in that form, and zeros to the end of a vector at most kLeftUnit long.
  void (*convert)(const float* x, size_t count, std::byte* left);
  // Packs decoded weights, [kPackRows, kPackCols], into `packs` packs of kPackRows columns of a
  // panel. Elements past the last pack's, up to the next multiple of kPackRows packs, are read.
  void (*pack)(const float* decoded, size_t packs, std::byte* panel);
  void (*multiply)(const TileArgs& args);
};

// Two of the widest vectors, in elements.
inline constexpr size_t kLeftUnit = 32;

// Indexed by Operand.
struct MatmulTable {
  MatmulKernels of[2];
  const MatmulKernels& operator[](Operand operand) const {
    return of[static_cast<size_t>(operand)];
  }
};

extern const MatmulTable matmul_portable;
extern const MatmulTable matmul_avx2;
extern const MatmulTable matmul_avx512;
extern const MatmulTable matmul_avx512bf16;
extern const MatmulTable matmul_neon;

}  // namespace fathom
