// What key_sums() hands to a kernel compiled for one instruction set, in plain pointers, so that no
// inline function of a shared header is compiled with those instructions.
#pragma once

#include <cstddef>

#include "fathom/kernels/attend_kernel.h"

namespace fathom {

struct KeySumsItem {
  // But for values, biases and results; `scratch` is [key_sums_scratch_floats].
  AttendItem scan;
  const float* log_sums = nullptr;  // [rows]
  float* sums = nullptr;            // those of block b at sums + b * kBlock
};

// Converted queries; where blocks are coded, the panel of one.
constexpr size_t key_sums_scratch_floats(size_t rows, size_t head_dim, bool coded) {
  return attend_query_floats(rows, head_dim) + (coded ? kBlock * head_dim : 0);
}

using KeySumsKernel = void (*)(const KeySumsItem& item);

// One per instruction set and operand; key_sums.cc has the table.
void key_sums_portable_bf16(const KeySumsItem& item);
void key_sums_portable_f32(const KeySumsItem& item);
void key_sums_portable_int8(const KeySumsItem& item);
void key_sums_avx2_bf16(const KeySumsItem& item);
void key_sums_avx2_f32(const KeySumsItem& item);
void key_sums_avx2vnni_int8(const KeySumsItem& item);
void key_sums_avx512_bf16(const KeySumsItem& item);
void key_sums_avx512_f32(const KeySumsItem& item);
void key_sums_avx512bf16_bf16(const KeySumsItem& item);
void key_sums_avx512bf16_f32(const KeySumsItem& item);
void key_sums_avx512bf16_int8(const KeySumsItem& item);
void key_sums_neon_bf16(const KeySumsItem& item);
void key_sums_neon_f32(const KeySumsItem& item);

}  // namespace fathom
