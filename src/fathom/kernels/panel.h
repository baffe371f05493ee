// The one layout of a tile product's right-hand operand.
//
// A panel holds a [depth, width] matrix as [ceil(depth / pack)][width][pack] elements, pack being
// operand_pack(): consecutive elements along the reduced dimension lie side by side, so that one
// vector load feeds one dot-product instruction. A missing last element (odd depth) is zero.
//
//   keys of a block    depth = head_dim, width = kBlock   scores = queries x panel
//   values of a block  depth = kBlock,   width = head_dim  out += probabilities x panel
//   weights            depth = columns,  width = kBlock rows of the weight matrix
//
// Slots and rows that hold nothing are zero, so that a product with them is finite.
#pragma once

#include <cstddef>

#include "fathom/base/matrix.h"
#include "fathom/kernels/block_plan.h"
#include "fathom/kernels/compute.h"

namespace fathom {

constexpr size_t panel_elements(Operand operand, size_t depth, size_t width) {
  const size_t pack = operand_pack(operand);
  return (depth + pack - 1) / pack * pack * width;
}

// Bytes of one block of keys, or of values, of one KV head.
constexpr size_t kv_block_bytes(Operand operand, size_t head_dim) {
  return panel_elements(operand, head_dim, kBlock) * operand_bytes(operand);
}

// Writes `rows` (f32, [tokens, head_dim]) into slots [slot, slot + tokens) of a key block.
void pack_keys(Operand operand, ConstMatrix<float> rows, size_t slot, void* block);
// The same for a value block.
void pack_values(Operand operand, ConstMatrix<float> rows, size_t slot, void* block);

}  // namespace fathom
