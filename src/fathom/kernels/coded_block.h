// Blocks of kBlock keys, or values, in fewer bits than a product takes.
//
// q8 and q4, after KIVI (Liu et al. 2024, arXiv:2402.02750, section 3.2): keys per channel over the
// block's tokens, since a few channels stand out in all of them; values per token, for each strip
// of columns (value_strip.h). Asymmetric:
//
//   x = low + step * code, code in [0, 15] for q4 and in [0, 127] for q8; step and low in bf16
//
// A code of q8 has a byte, of which it uses seven bits: under the exponent of 128 these are the
// mantissa of the bf16 that decoding multiplies by, as they lie. q8 takes 8.5 bits an element of
// head size 64, q4 4.5.
//
// f16 and bf16 keep each element in that format; they are coded where the operand is another.
//
// Blocks are coded only when whole. A block's bytes are a multiple of 64, so that each is aligned.
#pragma once

#include <cstddef>

#include "fathom/base/matrix.h"
#include "fathom/kernels/kv_type.h"

namespace fathom {

// Bytes of one coded block of keys, or of values, of one KV head. head_dim % 16 == 0, at most 256.
size_t coded_key_bytes(KvType type, size_t head_dim);
size_t coded_value_bytes(KvType type, size_t head_dim);

// Codes a block's tokens, [kBlock, head_dim]. What is not finite makes what is decoded of its
// channel or token not finite.
void encode_keys(KvType type, ConstMatrix<float> rows, std::byte* block);
void encode_values(KvType type, ConstMatrix<float> rows, std::byte* block);

// The first rows.rows of a block's tokens, [rows, head_dim], as the block has them.
void decode_keys(KvType type, const std::byte* block, Matrix<float> rows);
void decode_values(KvType type, const std::byte* block, Matrix<float> rows);

}  // namespace fathom
