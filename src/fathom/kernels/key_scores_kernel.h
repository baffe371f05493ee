// What key_scores() and block_masses() hand to a kernel compiled for one instruction set, in plain
// pointers, so that no inline function of a shared header is compiled with those instructions.
#pragma once

#include <cstddef>

#include "fathom/kernels/attend_kernel.h"

namespace fathom {

struct KeyScoresItem {
  const float* queries = nullptr;  // row r at queries + r * query_stride
  size_t query_stride = 0;
  size_t rows = 0;
  size_t head_dim = 0;
  float scale = 0;  // for masses log2(e) included: scores are then powers of two

  const std::byte* const* key_blocks = nullptr;
  size_t blocks = 0;
  const uint8_t* coded = nullptr;  // [blocks], or null
  KvType key_type = KvType::bf16;

  // Null: scores are wanted. Else masses, of the first visible[r] keys.
  const size_t* visible = nullptr;
  float* out = nullptr;  // row r at out + r * out_stride
  size_t out_stride = 0;
  float* scratch = nullptr;  // [key_scores_scratch_floats], 64-byte aligned
};

// Converted queries; 16 lanes of sums a row; where blocks are coded, the panel of one; an exponent
// and a limit a row.
[[gnu::always_inline]] constexpr size_t key_scores_scratch_floats(size_t rows, size_t head_dim,
                                                                  bool coded) {
  return attend_query_floats(rows, head_dim) + rows * (16 + 2) + (coded ? kBlock * head_dim : 0);
}

using KeyScoresKernel = void (*)(const KeyScoresItem& item);

// One per instruction set and operand; key_scores.cc has the table.
void key_scores_portable_bf16(const KeyScoresItem& item);
void key_scores_portable_f32(const KeyScoresItem& item);
void key_scores_portable_int8(const KeyScoresItem& item);
void key_scores_avx2_bf16(const KeyScoresItem& item);
void key_scores_avx2_f32(const KeyScoresItem& item);
void key_scores_avx2vnni_int8(const KeyScoresItem& item);
void key_scores_avx512_bf16(const KeyScoresItem& item);
void key_scores_avx512_f32(const KeyScoresItem& item);
void key_scores_avx512bf16_bf16(const KeyScoresItem& item);
void key_scores_avx512bf16_f32(const KeyScoresItem& item);
void key_scores_avx512bf16_int8(const KeyScoresItem& item);
void key_scores_neon_bf16(const KeyScoresItem& item);
void key_scores_neon_f32(const KeyScoresItem& item);

}  // namespace fathom
