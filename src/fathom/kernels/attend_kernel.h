// What attend() hands to a kernel compiled for one instruction set: one work item, in plain
// pointers, so that no inline function of a shared header is compiled with those instructions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fathom/kernels/block_plan.h"
#include "fathom/kernels/kv_type.h"

namespace fathom {

// The key blocks [block_begin, block_end) of one query block's runs, counted along the runs,
// against some rows: a query of one head each.
struct AttendItem {
  const float* const* queries = nullptr;  // [rows]
  const uint32_t* mask_rows = nullptr;    // [rows]: which row of a mask is theirs
  size_t rows = 0;
  size_t head_dim = 0;
  float scale = 0;  // log2(e) included: scores are powers of two

  const std::byte* const* key_blocks = nullptr;
  const std::byte* const* value_blocks = nullptr;
  const uint8_t* coded = nullptr;  // [blocks], or null: as in KvHeadView
  KvType key_type = KvType::bf16;
  KvType value_type = KvType::bf16;
  const float* const* biases = nullptr;  // [blocks][kBlock], added to scores; or null
  const KeyRun* runs = nullptr;
  size_t run_count = 0;
  size_t block_begin = 0;
  size_t block_end = 0;
  const uint64_t* masks = nullptr;  // row i of mask m at masks[m * kBlock + i]

  float* out = nullptr;       // [rows, head_dim], 64-byte aligned; as in partial.h
  float* exponent = nullptr;  // [rows]
  float* sum = nullptr;       // [rows]
  float* scratch = nullptr;   // [attend_scratch_floats], 64-byte aligned
};

// Converted queries, at most 4 bytes an element. In 8 bits also a byte an element, two numbers and
// kBlock biases a row, and kBlock means in bf16.
[[gnu::always_inline]] constexpr size_t attend_query_floats(size_t rows, size_t head_dim) {
  const size_t floats = rows * (head_dim + head_dim / 4 + 2 + kBlock) + kBlock * head_dim / 2;
  return (floats + 15) / 16 * 16;
}

// Where blocks are coded: queries in f32 and folded, and a number, a row, if rows are few; or
// panels of the keys of two blocks and of the values of four.
constexpr size_t kFoldedRows = 12;
[[gnu::always_inline]] constexpr size_t attend_fold_floats(size_t head_dim) {
  return kFoldedRows * (head_dim + (head_dim + 31) / 32 * 32 + 16);
}
[[gnu::always_inline]] constexpr size_t attend_coded_floats(size_t head_dim) {
  return attend_fold_floats(head_dim) + 6 * kBlock * head_dim;
}

// Queries; 16 lanes of sums a row; what coded blocks need; a limit a row.
[[gnu::always_inline]] constexpr size_t attend_scratch_floats(size_t rows, size_t head_dim,
                                                              bool coded) {
  return attend_query_floats(rows, head_dim) + rows * (16 + 1) +
         (coded ? attend_coded_floats(head_dim) : 0);
}

using AttendKernel = void (*)(const AttendItem& item);

// One per instruction set and operand; attend.cc has the table.
void attend_portable_bf16(const AttendItem& item);
void attend_portable_f32(const AttendItem& item);
void attend_portable_int8(const AttendItem& item);
void attend_avx2_bf16(const AttendItem& item);
void attend_avx2_f32(const AttendItem& item);
void attend_avx2vnni_int8(const AttendItem& item);
void attend_avx512_bf16(const AttendItem& item);
void attend_avx512_f32(const AttendItem& item);
void attend_avx512bf16_bf16(const AttendItem& item);
void attend_avx512bf16_f32(const AttendItem& item);
void attend_avx512bf16_int8(const AttendItem& item);
void attend_neon_bf16(const AttendItem& item);
void attend_neon_f32(const AttendItem& item);

}  // namespace fathom
