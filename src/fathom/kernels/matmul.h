// Projections: y = x W^T with W in any of GGUF's types, read as it lies in the file.
//
// W is [rows, cols] (GGUF shape {cols, rows}), each row a sequence of quantised blocks. Many
// tokens: weights are turned into panels of 64 rows, decoded or as the integer codes that they are
// (compute.h, Activations), and multiplied a tile at a time. Few tokens: each row is
// dotted with x, decoded in registers, or as its integer codes (quant/code_dot.h).
#pragma once

#include <cstddef>
#include <span>

#include "fathom/base/matrix.h"
#include "fathom/kernels/compute.h"
#include "fathom/quant/dtype.h"

namespace fathom {

struct Weights {
  DType type = DType::f32;
  const std::byte* data = nullptr;
  size_t rows = 0;
  size_t cols = 0;  // a multiple of the type's block size
};

struct Product {
  const Weights* weights = nullptr;
  Matrix<float> y;  // [tokens, weights->rows]
};

// Up to this many tokens are few: x is rounded to 16 bits where the weights have dot products of
// codes and activations are not f32; else it stays f32. From three on, packing a panel takes less
// time on AVX-512 than decoding each row once a token (AVX2: from three to five).
inline constexpr size_t kFewTokens = 2;

// Every product's y = x W^T; x is [tokens, cols], the same for all (q, k and v; gate and up), and
// is converted once. y does not depend on the number of threads.
void matmul(const Compute& compute, ConstMatrix<float> x, std::span<const Product> products);

// Rows `ids` of an embedding matrix, decoded to f32: y[i] = W[ids[i]].
void gather_rows(const Compute& compute, const Weights& weights, std::span<const int32_t> ids,
                 Matrix<float> y);

}  // namespace fathom
