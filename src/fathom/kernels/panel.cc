#include "fathom/kernels/panel.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <cstring>

#include "fathom/base/half.h"
#include "fathom/kernels/byte_keys.h"
#include "fathom/kernels/value_strip.h"

namespace fathom {
namespace {

constexpr size_t kMaxHeadDim = 256;

// A key block is [head_dim / pack][kBlock][pack]: a token's packs lie kBlock packs apart. The row
// is converted first, a loop that the compiler vectorises, and then scattered pack by pack.
void pack_key_rows_bf16(ConstMatrix<float> rows, size_t slot, uint32_t* block) {
  alignas(64) uint16_t converted[kMaxHeadDim];
  alignas(64) uint32_t pairs[kMaxHeadDim / 2];
  for (size_t t = 0; t < rows.rows; ++t) {
    const float* row = rows.row(t);
    for (size_t i = 0; i < rows.cols; ++i) converted[i] = to_bf16(row[i]).bits;
    std::memcpy(pairs, converted, rows.cols * sizeof(uint16_t));
    for (size_t p = 0; p < rows.cols / 2; ++p) block[p * kBlock + slot + t] = pairs[p];
  }
}

void pack_key_rows_f32(ConstMatrix<float> rows, size_t slot, float* block) {
  for (size_t t = 0; t < rows.rows; ++t) {
    const float* row = rows.row(t);
    for (size_t i = 0; i < rows.cols; ++i) block[i * kBlock + slot + t] = row[i];
  }
}

// Calls body(first, width, panel): the columns of each strip, and its panel.
template <class Element, class Body>
void for_strips(size_t cols, Element* block, const Body& body) {
  const size_t width = value_strip(cols);
  for (size_t first = 0; first < cols; first += width)
    body(first, std::min(width, cols - first), block + first * kBlock);
}

// A strip's panel is [kBlock / 2][width][2]: slots 2i and 2i + 1 interleave.
void pack_value_strip_bf16(ConstMatrix<float> rows, size_t slot, uint16_t* panel) {
  for (size_t t = 0; t < rows.rows;) {
    uint16_t* pairs = panel + (slot + t) / 2 * 2 * rows.cols;
    const float* row = rows.row(t);
    if ((slot + t) % 2 == 0 && t + 1 < rows.rows) {
      const float* next = rows.row(t + 1);
      for (size_t i = 0; i < rows.cols; ++i) {
        pairs[2 * i] = to_bf16(row[i]).bits;
        pairs[2 * i + 1] = to_bf16(next[i]).bits;
      }
      t += 2;
    } else {
      uint16_t* lone = pairs + (slot + t) % 2;
      for (size_t i = 0; i < rows.cols; ++i) lone[2 * i] = to_bf16(row[i]).bits;
      t += 1;
    }
  }
}

void pack_value_strip_f32(ConstMatrix<float> rows, size_t slot, float* panel) {
  for (size_t t = 0; t < rows.rows; ++t)
    std::memcpy(panel + (slot + t) * rows.cols, rows.row(t), rows.cols * sizeof(float));
}

}  // namespace

size_t value_block_bytes(Operand operand, size_t head_dim) {
  return kBlock * head_dim * (operand == Operand::f32 ? sizeof(float) : sizeof(bf16));
}

size_t key_block_bytes(Operand operand, size_t head_dim) {
  return operand == Operand::int8 ? ByteKeys(head_dim).bytes()
                                  : value_block_bytes(operand, head_dim);
}

void pack_keys(Operand operand, ConstMatrix<float> rows, size_t slot, void* block) {
  assert(operand != Operand::int8);
  assert(slot + rows.rows <= kBlock && rows.cols % 2 == 0 && rows.cols <= kMaxHeadDim);
  if (operand == Operand::bf16)
    pack_key_rows_bf16(rows, slot, static_cast<uint32_t*>(block));
  else
    pack_key_rows_f32(rows, slot, static_cast<float*>(block));
}

void pack_values(Operand operand, ConstMatrix<float> rows, size_t slot, void* block) {
  assert(slot + rows.rows <= kBlock && rows.cols % 16 == 0 && rows.cols <= kMaxHeadDim);
  if (operand == Operand::f32) {
    for_strips(rows.cols, static_cast<float*>(block),
               [&](size_t first, size_t width, float* panel) {
                 pack_value_strip_f32(rows.cols_at(first, width), slot, panel);
               });
  } else {
    for_strips(rows.cols, static_cast<uint16_t*>(block),
               [&](size_t first, size_t width, uint16_t* panel) {
                 pack_value_strip_bf16(rows.cols_at(first, width), slot, panel);
               });
  }
}

void unpack_keys(Operand operand, const void* block, size_t slot, Matrix<float> rows) {
  assert(operand != Operand::int8);
  assert(slot + rows.rows <= kBlock && rows.cols % 2 == 0);
  if (operand == Operand::f32) {
    const auto* const from = static_cast<const float*>(block);
    for (size_t t = 0; t < rows.rows; ++t)
      for (size_t i = 0; i < rows.cols; ++i) rows.row(t)[i] = from[i * kBlock + slot + t];
  } else {
    const auto* const from = static_cast<const uint16_t*>(block);
    for (size_t t = 0; t < rows.rows; ++t)
      for (size_t i = 0; i < rows.cols; ++i)
        rows.row(t)[i] = to_float(bf16{from[(i / 2 * kBlock + slot + t) * 2 + i % 2]});
  }
}

void unpack_values(Operand operand, const void* block, size_t slot, Matrix<float> rows) {
  assert(slot + rows.rows <= kBlock && rows.cols % 16 == 0);
  if (operand == Operand::f32) {
    for_strips(rows.cols, static_cast<const float*>(block),
               [&](size_t first, size_t width, const float* panel) {
                 for (size_t t = 0; t < rows.rows; ++t)
                   std::copy_n(panel + (slot + t) * width, width, rows.row(t) + first);
               });
  } else {
    for_strips(rows.cols, static_cast<const uint16_t*>(block),
               [&](size_t first, size_t width, const uint16_t* panel) {
                 for (size_t t = 0; t < rows.rows; ++t)
                   for (size_t i = 0; i < width; ++i)
                     rows.row(t)[first + i] =
                         to_float(bf16{panel[(slot + t) / 2 * 2 * width + 2 * i + (slot + t) % 2]});
               });
  }
}

}  // namespace fathom
