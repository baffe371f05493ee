// code_dot.h in plain C++: the specification of its other builds.
#include "fathom/quant/code_dot.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "fathom/quant/codes.h"

namespace fathom {
namespace {

constexpr size_t kGroup = 32;

// The least power of two that brings `top` within the range.
float scale_for(float top) {
  const auto bits = std::bit_cast<uint32_t>(top / static_cast<float>(kRoundedRange));
  return std::bit_cast<float>((bits + 0x7fffff) >> 23 << 23);
}

void round_group(const float* x, size_t group, RoundedX& to) {
  float top = 0;
  bool finite = true;
  for (size_t i = 0; i < kGroup; ++i) {
    top = std::max(top, std::abs(x[i]));
    finite = finite && std::isfinite(x[i]);
  }
  const bool counts = finite && top > kRoundedSmallest;
  float scale = 0;
  if (counts) scale = scale_for(top);
  if (!finite) scale = std::numeric_limits<float>::quiet_NaN();
  for (size_t i = 0; i < kGroup; ++i) {
    const int32_t value = counts ? static_cast<int32_t>(std::nearbyint(x[i] / scale)) : 0;
    const int32_t high = (value + 128) >> 8;
    const size_t half = i / 16, at = 16 * group + i % 16;
    to.high[half][at] = static_cast<int8_t>(high);
    to.low[half][at] = static_cast<int8_t>(value - 256 * high);
    to.sum[half][at / 4] += value;
  }
  std::fill_n(to.scale + 4 * group, 4, scale);
}

void round_x(const float* x, size_t cols, RoundedX* to) {
  std::fill_n(to, rounded_count(cols), RoundedX{});
  for (size_t i = 0; i < cols; i += kGroup)
    round_group(x + i, i % kRoundedElements / kGroup, to[i / kRoundedElements]);
}

// Of a group's sixteen elements from `half` on, with 8-bit codes.
int32_t sum_of_products(const uint8_t* codes, uint8_t zero, const RoundedX& x, size_t group,
                        size_t half) {
  int32_t sum = 0;
  for (size_t i = 0; i < 16; ++i) {
    const size_t at = 16 * group + i;
    sum += (codes[i] - zero) * (256 * x.high[half][at] + x.low[half][at]);
  }
  return sum;
}

// A row's part of at most 256 columns.
float dot_part(const CodeFormat& format, const std::byte* source, size_t cols, const RoundedX* x) {
  uint8_t codes[256];
  float scales[16];
  float minima[16] = {};
  format.unpack(source, cols, codes, scales, minima);
  float y = 0;
  for (size_t i = 0; i < cols; i += 16) {
    const RoundedX& part = x[i / kRoundedElements];
    const size_t group = i % kRoundedElements / kGroup, half = i / 16 % 2;
    const int32_t sum = sum_of_products(codes + i, format.zero, part, group, half);
    y += static_cast<float>(sum) * (scales[i / format.group] * part.scale[4 * group]);
    int32_t x_sum = 0;
    for (size_t j = 0; j < 4; ++j) x_sum += part.sum[half][4 * group + j];
    y += minima[i / format.group] * (static_cast<float>(x_sum) * part.scale[4 * group]);
  }
  return y;
}

template <DType type>
void dot(const std::byte* rows, size_t count, size_t cols, const RoundedX* x, float* y) {
  const CodeFormat format = code_format(type, Isa::portable);
  for (size_t row = 0; row < count; ++row) {
    y[row] = 0;
    for (size_t i = 0; i < cols; i += 256) {
      const size_t part = std::min<size_t>(256, cols - i);
      y[row] += dot_part(format, rows, part, x + i / kRoundedElements);
      rows += row_bytes(type, part);
    }
  }
}

}  // namespace

CodeDots code_dots_portable(DType type) {
  switch (type) {
    case DType::q4_0:
      return {round_x, dot<DType::q4_0>};
    case DType::q4_1:
      return {round_x, dot<DType::q4_1>};
    case DType::q5_0:
      return {round_x, dot<DType::q5_0>};
    case DType::q5_1:
      return {round_x, dot<DType::q5_1>};
    case DType::q8_0:
      return {round_x, dot<DType::q8_0>};
    case DType::q4_k:
      return {round_x, dot<DType::q4_k>};
    case DType::q5_k:
      return {round_x, dot<DType::q5_k>};
    case DType::q6_k:
      return {round_x, dot<DType::q6_k>};
    default:
      return {};
  }
}

CodeDots code_dots(DType type, Isa isa) {
  switch (isa) {
    case Isa::portable:
      return code_dots_portable(type);
#if defined(__x86_64__)
    case Isa::avx512bf16:
      return code_dots_avx512bf16(type);
#endif
    default:
      return {};
  }
}

}  // namespace fathom
