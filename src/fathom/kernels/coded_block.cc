#include "fathom/kernels/coded_block.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <limits>

#include "fathom/base/half.h"
#include "fathom/kernels/coded_layout.h"
#include "fathom/kernels/largest.h"

namespace fathom {
namespace {

constexpr size_t kMaxHeadDim = 256;

// What a block's elements are in 16 bits, or their codes, in the order of panels of bf16.
using Elements = uint16_t[kMaxHeadDim * kBlock];

uint16_t element_of(KvType type, float x) {
  return type == KvType::f16 ? to_f16(x).bits : to_bf16(x).bits;
}

float element_as(KvType type, uint16_t bits) {
  return type == KvType::f16 ? to_float(f16{bits}) : to_float(bf16{bits});
}

// The least and the largest of some elements, and 0 if all are finite, else not a number.
struct Range {
  float least = std::numeric_limits<float>::infinity();
  float most = -std::numeric_limits<float>::infinity();
  float finite = 0;

  void add(float x) {
    least = std::min(least, x);
    most = std::max(most, x);
    finite += 0 * x;
  }
};

// The largest bf16 that is no larger.
bf16 bf16_below(float x) {
  const auto u = std::bit_cast<uint32_t>(x);
  const bool away = (u >> 31) != 0 && (u & 0xffffu) != 0;
  return {static_cast<uint16_t>((u >> 16) + (away ? 1 : 0))};
}

bf16 bf16_above(float x) { return {static_cast<uint16_t>(bf16_below(-x).bits ^ 0x8000u)}; }

// The codes of one channel, or token: outwards rounded, so that the elements lie within half a step
// of what their codes say.
class Coder {
 public:
  Coder() = default;
  Coder(KvType type, const Range& range) : most_(type == KvType::q4 ? 15 : 127) {
    const float low = to_float(bf16_below(range.least));
    const float step = to_float(bf16_above((range.most - low) / most_));
    const bool sound = range.finite == 0;
    const bool level = sound && step <= kSmallest;
    low_ = sound ? low : 0;
    inverse_ = sound && !level ? 1 / step : 0;
    scale_ = {to_bf16(level ? 0 : step + range.finite).bits, to_bf16(low + range.finite).bits};
  }
  // Not finite: any code.
  uint16_t code(float x) const {
    return static_cast<uint16_t>(std::min(most_, (x - low_) * inverse_ + 0.5f));
  }
  Scale scale() const { return scale_; }

 private:
  float low_ = 0;
  float inverse_ = 0;
  float most_ = 0;
  Scale scale_;
};

// Lays codes out as words.
void write_words(KvType type, const uint16_t* elements, const CodedPanel& panel) {
  const size_t bits = code_bits(type);
  const size_t rows_per_word = 16 / bits;
  auto* const words = const_cast<uint32_t*>(panel.words);
  std::memset(words, 0, panel.rows / rows_per_word * panel.width * sizeof *words);
  for (size_t row = 0; row < panel.rows; ++row) {
    uint32_t* const to = words + row / rows_per_word * panel.width;
    const size_t shift = row % rows_per_word * bits;
    for (size_t column = 0; column < panel.width; ++column) {
      uint32_t pair;
      std::memcpy(&pair, elements + (row * panel.width + column) * 2, sizeof pair);
      to[column] |= pair << shift;
    }
  }
}

void write_scale(const CodedPanel& panel, size_t index, Scale scale) {
  const_cast<uint32_t*>(panel.scales)[index] = std::bit_cast<uint32_t>(scale);
}

// The element that is `depth` down a column of a panel.
float read_element(KvType type, const CodedPanel& panel, size_t depth, size_t column) {
  const size_t bits = code_bits(type);
  const size_t row = depth / 2;
  const size_t rows_per_word = 16 / bits;
  const uint32_t word = panel.words[row / rows_per_word * panel.width + column];
  const uint32_t code = word >> (depth % 2 * 16 + row % rows_per_word * bits) & ((1u << bits) - 1);
  if (!has_scales(type)) return element_as(type, static_cast<uint16_t>(code));
  const auto scale = std::bit_cast<Scale>(panel.scales[depth]);
  return to_float(bf16{scale.low}) + to_float(bf16{scale.step}) * static_cast<float>(code);
}

// A row's codes, or its elements in 16 bits.
template <class CoderOf>
void code_row(KvType type, const float* row, size_t count, const CoderOf& coder, uint16_t* codes) {
  if (has_scales(type)) {
    for (size_t i = 0; i < count; ++i) codes[i] = coder(i).code(row[i]);
  } else {
    for (size_t i = 0; i < count; ++i) codes[i] = element_of(type, row[i]);
  }
}

}  // namespace

size_t coded_key_bytes(KvType type, size_t head_dim) {
  assert(type != KvType::f32 && head_dim % 16 == 0 && head_dim <= kMaxHeadDim);
  return coded_bytes(type, head_dim, head_dim);
}

size_t coded_value_bytes(KvType type, size_t head_dim) {
  assert(type != KvType::f32 && head_dim % 16 == 0 && head_dim <= kMaxHeadDim);
  const size_t strip = value_strip(head_dim);
  return coded_bytes(type, head_dim, (head_dim + strip - 1) / strip * kBlock);
}

void encode_keys(KvType type, ConstMatrix<float> rows, std::byte* block) {
  assert(rows.rows == kBlock);
  const CodedPanel panel = coded_keys(type, rows.cols, block);
  Coder coders[kMaxHeadDim];
  if (has_scales(type)) {
    Range ranges[kMaxHeadDim];
    for (size_t t = 0; t < kBlock; ++t)
      for (size_t i = 0; i < rows.cols; ++i) ranges[i].add(rows.row(t)[i]);
    for (size_t i = 0; i < rows.cols; ++i) {
      coders[i] = Coder(type, ranges[i]);
      write_scale(panel, i, coders[i].scale());
    }
  }
  Elements elements;
  uint16_t codes[kMaxHeadDim];
  for (size_t t = 0; t < kBlock; ++t) {
    code_row(type, rows.row(t), rows.cols, [&](size_t i) { return coders[i]; }, codes);
    for (size_t i = 0; i < rows.cols; i += 2)
      std::memcpy(elements + (i / 2 * kBlock + t) * 2, codes + i, 2 * sizeof *codes);
  }
  write_words(type, elements, panel);
}

void encode_values(KvType type, ConstMatrix<float> rows, std::byte* block) {
  assert(rows.rows == kBlock);
  Elements elements;
  uint16_t codes[kMaxHeadDim];
  for (size_t first = 0; first < rows.cols; first += value_strip(rows.cols)) {
    const CodedPanel panel = coded_values(type, rows.cols, block, first);
    for (size_t t = 0; t < kBlock; ++t) {
      const float* const row = rows.row(t) + first;
      Coder coder;
      if (has_scales(type)) {
        Range range;
        for (size_t i = 0; i < panel.width; ++i) range.add(row[i]);
        coder = Coder(type, range);
        write_scale(panel, t, coder.scale());
      }
      code_row(type, row, panel.width, [&](size_t) { return coder; }, codes);
      uint16_t* const to = elements + t / 2 * 2 * panel.width + t % 2;
      for (size_t i = 0; i < panel.width; ++i) to[2 * i] = codes[i];
    }
    write_words(type, elements, panel);
  }
}

void decode_keys(KvType type, const std::byte* block, Matrix<float> rows) {
  assert(rows.rows <= kBlock);
  const CodedPanel panel = coded_keys(type, rows.cols, block);
  for (size_t t = 0; t < rows.rows; ++t)
    for (size_t i = 0; i < rows.cols; ++i) rows.row(t)[i] = read_element(type, panel, i, t);
}

void decode_values(KvType type, const std::byte* block, Matrix<float> rows) {
  assert(rows.rows <= kBlock);
  for (size_t first = 0; first < rows.cols; first += value_strip(rows.cols)) {
    const CodedPanel panel = coded_values(type, rows.cols, block, first);
    for (size_t t = 0; t < rows.rows; ++t)
      for (size_t i = 0; i < panel.width; ++i)
        rows.row(t)[first + i] = read_element(type, panel, t, i);
  }
}

}  // namespace fathom
