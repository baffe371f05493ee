// What key_sums() hands to a kernel compiled for one instruction set, in plain pointers, so that no
// inline function of a shared header is compiled with those instructions.
#pragma once

#include <cstddef>

#include "fathom/kernels/attend_kernel.h"

namespace fathom {

struct KeySumsItem {
  AttendItem scan;                  // but for values, biases and results
  const float* log_sums = nullptr;  // [rows]
  float* sums = nullptr;            // those of block b at sums + b * kBlock
};

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
