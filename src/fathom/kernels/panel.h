// The layout of a tile product's right-hand operand in floating point.
//
// A panel holds a [depth, width] matrix as [ceil(depth / pack)][width][pack] elements, pack being
// 2 of bf16 and 1 of f32: consecutive elements along the reduced dimension lie side by side, so
// that one vector load feeds one dot-product instruction. A missing last element (odd depth) is
// zero.
//
//   keys of a block    depth = head_dim, width = kBlock   scores = queries x panel
//   values of a block  depth = kBlock,   width = a strip's  out += probabilities x panel
//   weights            depth = columns,  width = kBlock rows of the weight matrix
//
// A block's values are cut into strips of columns (value_strip.h), one panel after the other.
//
// Slots and rows that hold nothing are zero, so that a product with them is finite.
#pragma once

#include <cstddef>

#include "fathom/base/matrix.h"
#include "fathom/kernels/block_plan.h"
#include "fathom/kernels/compute.h"

namespace fathom {

// Bytes of one block of keys, or of values, of one KV head.
size_t key_block_bytes(Operand operand, size_t head_dim);
size_t value_block_bytes(Operand operand, size_t head_dim);

// Writes `rows` (f32, [tokens, head_dim]) into slots [slot, slot + tokens) of a key block.
// Keys in 8 bits have a layout and a way of their own: byte_keys.h.
void pack_keys(Operand operand, ConstMatrix<float> rows, size_t slot, void* block);
// The same for a value block.
void pack_values(Operand operand, ConstMatrix<float> rows, size_t slot, void* block);

// What slots [slot, slot + rows.rows) of a block hold, [tokens, head_dim]. Keys not in 8 bits.
void unpack_keys(Operand operand, const void* block, size_t slot, Matrix<float> rows);
void unpack_values(Operand operand, const void* block, size_t slot, Matrix<float> rows);

}  // namespace fathom
