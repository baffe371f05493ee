// Dot products of quantised rows with x in 16 bits, for few tokens.
//
// x gets a scale per 32 elements, a power of two, and becomes integers of at most kRoundedRange: an
// error of at most half the scale, 1 / 32639 of the largest of the 32. Two signed bytes hold an
// integer, 256 * high + low, so that a machine that multiplies bytes sums the products with a row's
// codes (codes.h) exactly, without decoding them. Scales and minima then join in f32.
//
// Elements that are not finite make every result that they are part of not a number.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fathom/quant/dtype.h"
#include "fathom/simd/isa.h"

namespace fathom {

inline constexpr size_t kRoundedElements = 128;
inline constexpr int32_t kRoundedRange = 32639;  // the high byte is at most 127
// A group whose largest magnitude is no more counts as zeros: its scale's inverse must be finite.
inline constexpr float kRoundedSmallest = 1e-30F;

// kRoundedElements of x, or fewer and then zeros: four groups of 32. Index 0 of each pair has the
// first halves of the groups, sixteen elements each, index 1 the second ones.
struct alignas(64) RoundedX {
  int8_t high[2][64];
  int8_t low[2][64];
  int32_t sum[2][16];  // of four neighbours each
  float scale[16];     // each group's four times
};

constexpr size_t rounded_count(size_t cols) {
  return (cols + kRoundedElements - 1) / kRoundedElements;
}

struct CodeDots {
  // Rounds x, `cols` elements (a multiple of 32), to rounded_count(cols) of `to`.
  void (*round)(const float* x, size_t cols, RoundedX* to) = nullptr;
  // y[i] = row i * x, for `count` rows that follow each other. cols: a multiple of the type's
  // block size. A row's result does not depend on its neighbours.
  void (*dot)(const std::byte* rows, size_t count, size_t cols, const RoundedX* x,
              float* y) = nullptr;
};

// Null where there are none: most types that models come in have them, on the ISAs portable and
// avx512bf16.
CodeDots code_dots(DType type, Isa isa);

// What code_dots() chooses from.
CodeDots code_dots_portable(DType type);
CodeDots code_dots_avx512bf16(DType type);

}  // namespace fathom
