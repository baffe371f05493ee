#include "fathom/kernels/panel.h"

#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "fathom/base/half.h"
#include "fathom/kernels/value_strip.h"

namespace fathom {
namespace {

constexpr float kUntouched = -77;

// A block of `kUntouched`, some rows written at `slot`; read back element by element by the layout
// that the header states.
class Panel : public testing::TestWithParam<Operand> {
 protected:
  float element(const std::vector<std::byte>& block, size_t depth, size_t column,
                size_t width) const {
    const size_t pack = GetParam() == Operand::f32 ? 1 : 2;
    const size_t index = (depth / pack * width + column) * pack + depth % pack;
    if (GetParam() == Operand::f32) return reinterpret_cast<const float*>(block.data())[index];
    return to_float(reinterpret_cast<const bf16*>(block.data())[index]);
  }
  float value(const std::vector<std::byte>& block, size_t slot, size_t column, size_t dim) const {
    const size_t first = column - column % value_strip(dim);
    const size_t width = std::min(value_strip(dim), dim - first);
    const size_t size = value_block_bytes(GetParam(), dim) / dim;  // of a column
    const auto begin = block.begin() + static_cast<std::ptrdiff_t>(first * size);
    return element(std::vector<std::byte>(begin, block.end()), slot, column - first, width);
  }
  std::vector<std::byte> untouched(size_t dim) const {
    std::vector<std::byte> block(value_block_bytes(GetParam(), dim));
    for (size_t i = 0; i < kBlock * dim; ++i) {
      if (GetParam() == Operand::f32)
        reinterpret_cast<float*>(block.data())[i] = kUntouched;
      else
        reinterpret_cast<bf16*>(block.data())[i] = to_bf16(kUntouched);
    }
    return block;
  }
  float stored(float x) const { return GetParam() == Operand::f32 ? x : to_float(to_bf16(x)); }
};

TEST_P(Panel, WritesItsSlotsAndNoOthers) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  for (size_t dim : {16, 80, 112, 256}) {
    for (size_t slot : {0, 1, 30, 63}) {
      for (size_t tokens : {0, 1, 2, 3, 33, 64}) {
        if (slot + tokens > kBlock) continue;
        const size_t stride = dim + 5;
        std::vector<float> rows(kBlock * stride);
        for (float& x : rows) x = normal(random);
        std::vector<std::byte> keys = untouched(dim);
        std::vector<std::byte> values = untouched(dim);
        const ConstMatrix<float> view(rows.data(), tokens, dim, stride);
        pack_keys(GetParam(), view, slot, keys.data());
        pack_values(GetParam(), view, slot, values.data());
        for (size_t s = 0; s < kBlock; ++s) {
          const bool written = s >= slot && s < slot + tokens;
          for (size_t i = 0; i < dim; ++i) {
            const float want = written ? stored(view.row(s - slot)[i]) : stored(kUntouched);
            ASSERT_EQ(element(keys, i, s, kBlock), want) << dim << " " << slot << " " << tokens;
            ASSERT_EQ(value(values, s, i, dim), want) << dim << " " << slot << " " << tokens;
          }
        }
      }
    }
  }
}

TEST_P(Panel, ReadsWhatWasWritten) {
  std::mt19937 random(2);
  std::normal_distribution<float> normal;
  for (size_t dim : {16, 80, 112, 256}) {
    std::vector<float> rows(kBlock * dim);
    for (float& x : rows) x = stored(normal(random));
    std::vector<std::byte> keys = untouched(dim);
    std::vector<std::byte> values = untouched(dim);
    pack_keys(GetParam(), {rows.data(), kBlock, dim}, 0, keys.data());
    pack_values(GetParam(), {rows.data(), kBlock, dim}, 0, values.data());
    for (size_t slot : {0, 1, 30, 63}) {
      for (size_t tokens : {0, 1, 2, 33, 64}) {
        if (slot + tokens > kBlock) continue;
        const size_t stride = dim + 5;
        std::vector<float> got(tokens * stride + 1, kUntouched);
        std::vector<float> want = got;
        for (size_t t = 0; t < tokens; ++t)
          std::copy_n(&rows[(slot + t) * dim], dim, &want[t * stride]);
        unpack_keys(GetParam(), keys.data(), slot, {got.data(), tokens, dim, stride});
        ASSERT_EQ(got, want) << "keys " << dim << " " << slot << " " << tokens;
        std::ranges::fill(got, kUntouched);
        unpack_values(GetParam(), values.data(), slot, {got.data(), tokens, dim, stride});
        ASSERT_EQ(got, want) << "values " << dim << " " << slot << " " << tokens;
      }
    }
  }
}

TEST(ValueStrip, CutsAHeadIntoNearlyEqualStrips) {
  for (size_t dim = 16; dim <= 256; dim += 16) {
    const size_t width = value_strip(dim);
    EXPECT_EQ(width % 16, 0U) << dim;
    EXPECT_LE(width, 64U) << dim;
    const size_t strips = (dim + width - 1) / width;
    EXPECT_EQ(strips, (dim + 63) / 64) << dim;
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, Panel, testing::Values(Operand::bf16, Operand::f32),
                         [](const auto& test) { return std::string(name(test.param)); });

}  // namespace
}  // namespace fathom
