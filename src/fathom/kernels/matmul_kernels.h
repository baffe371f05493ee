// What each instruction set's build of matmul_impl.h offers for many tokens, and where matmul.cc
// finds it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fathom/kernels/compute.h"
#include "fathom/kernels/panel.h"

namespace fathom {

// Weights are decoded this many rows and columns at a time; the columns are whole blocks of every
// type, the result lies in L1.
inline constexpr size_t kPackRows = 16;
inline constexpr size_t kPackCols = 256;

// Tokens are multiplied in tiles of this many.
inline constexpr size_t kTileTokens = 6;

// y = left x panel: what one task computes.
struct TileArgs {
  const std::byte* left;   // converted rows of tokens, up to a multiple of kTileTokens
  size_t left_row_bytes;   // from one of them to the next
  size_t tokens;           // of which so many count
  const std::byte* panel;  // of kBlock rows of weights
  float* y;                // the first token's element of the panel's first row
  size_t y_stride;         // elements from one token to the next
  size_t width;            // rows of weights in this panel, at most kBlock
};

// Weights in floating point, a panel as panel.h has it: f32, or bf16 where the machine multiplies
// that. A pack of one row of weights takes kUnitBytes.
inline constexpr size_t kUnitBytes = 4;

struct FloatKernels {
  size_t pack_size = 0;        // columns in a pack: 1 of f32, 2 of bf16
  size_t left_pack_bytes = 0;  // of a token's pack
  void (*convert)(const float* x, size_t cols, std::byte* left) = nullptr;
  // Packs decoded weights, [kPackRows, kPackCols], into the packs of `cols` columns of kPackRows
  // rows of a panel. The last pack must be whole; what is read past it, up to the next multiple of
  // kPackRows packs, may be anything.
  void (*pack)(const float* decoded, size_t cols, std::byte* panel) = nullptr;
  void (*multiply)(const TileArgs& args, size_t cols) = nullptr;
};

// Weights as their integer codes, and activations as integers of one kind: int16, or int8 where the
// machine multiplies bytes.
//
// A panel holds, for each group of 16 or 32 columns: the codes as [group / pack][kBlock][pack], of
// 2 int16 (less the type's zero) or 4 uint8 a pack; kBlock scales; kBlock minima.
// weight = scale * code + minimum.
struct CodePanel {
  size_t group = 0;
  uint8_t zero = 0;     // of uint8 codes, it is part of the minima
  bool minima = false;  // false: they are all 0

  constexpr size_t group_bytes(size_t code_bytes) const {
    return group * kBlock * code_bytes + 2 * kBlock * sizeof(float);
  }
};

// Activations that share a scale.
inline constexpr size_t kScaled = 32;

// A token's activations hold, for each kScaled columns, as many integers and this.
struct ActivationGroup {
  float scale;         // activation = scale * integer
  float exponent;      // of int16: scale = 2^exponent
  float value_sum[3];  // sums of activations: of the first 16, the second 16, and both
};

constexpr size_t activation_group_bytes(size_t code_bytes) {
  return kScaled * code_bytes + sizeof(ActivationGroup);
}

struct CodeKernels {
  size_t code_bytes = 0;  // 2 or 1
  void (*convert)(const float* x, size_t count, std::byte* left) = nullptr;
  // Packs kPackRows rows of `count` codes, [kPackRows, kPackCols], from a panel's column `row` on:
  // `panel` points at that column.
  void (*pack)(const CodePanel& form, const uint8_t* codes, size_t count,
               std::byte* panel) = nullptr;
  void (*multiply)(const CodePanel& form, const TileArgs& args, size_t cols) = nullptr;
};

struct MatmulKernels {
  FloatKernels f32;
  FloatKernels bf16;  // multiply is null where the machine does not multiply bf16
  CodeKernels int16;
  CodeKernels int8;  // multiply is null where the machine does not multiply bytes
};

extern const MatmulKernels matmul_portable;
extern const MatmulKernels matmul_avx2;
extern const MatmulKernels matmul_avx2vnni;
extern const MatmulKernels matmul_avx512;
extern const MatmulKernels matmul_avx512bf16;
extern const MatmulKernels matmul_neon;

// Those of an instruction set.
const MatmulKernels& matmul_kernels(Isa isa);

}  // namespace fathom
