// Coded blocks against a twin in double precision, and element by element by the layout.
#include "fathom/kernels/coded_block.h"

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "fathom/base/buffer.h"
#include "fathom/kernels/coded_layout.h"
#include "fathom/kernels/value_strip.h"

namespace fathom {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// kBlock rows; channels have means and sizes of their own, as keys do.
class Rows {
 public:
  explicit Rows(size_t dim, uint32_t seed = 1) : dim_(dim), stride_(dim + 3) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    data_.resize(kBlock * stride_);
    for (size_t i = 0; i < dim; ++i) {
      const float mean = 20 * normal(random);
      const float size = std::exp(2 * normal(random));
      for (size_t t = 0; t < kBlock; ++t) at(t, i) = mean + size * normal(random);
    }
  }
  float& at(size_t t, size_t i) { return data_[t * stride_ + i]; }
  ConstMatrix<float> view() const { return {data_.data(), kBlock, dim_, stride_}; }

 private:
  size_t dim_, stride_;
  std::vector<float> data_;
};

Buffer<std::byte> coded(bool keys, KvType type, ConstMatrix<float> rows) {
  Buffer<std::byte> block(keys ? coded_key_bytes(type, rows.cols)
                               : coded_value_bytes(type, rows.cols));
  (keys ? encode_keys : encode_values)(type, rows, block.data());
  return block;
}

std::vector<float> decoded(bool keys, KvType type, size_t dim, const Buffer<std::byte>& block,
                           size_t count = kBlock) {
  std::vector<float> rows(count * dim);
  (keys ? decode_keys : decode_values)(type, block.data(), {rows.data(), count, dim});
  return rows;
}

// Half of the largest step that these elements may be coded in, which are a channel's or a token's
// part of a strip: the step and the least are rounded outwards to bf16, whose numbers lie 2^-7
// apart, and a few operations in f32 come on top.
double largest_error(KvType type, const std::vector<double>& elements) {
  double least = INFINITY;
  double most = -INFINITY;
  for (const double x : elements) {
    least = std::min(least, x);
    most = std::max(most, x);
  }
  const double below = std::abs(least) * 0x1p-7;
  const double step = (most - least + below) / (type == KvType::q4 ? 15 : 127) * (1 + 0x1p-7);
  return step / 2 + (std::abs(least) + std::abs(most)) * 0x1p-22;
}

class CodedBlock : public testing::TestWithParam<KvType> {};

TEST_P(CodedBlock, RoundsEachElementToItsNearestCode) {
  const bool fine = has_scales(GetParam());
  for (const bool keys : {true, false}) {
    for (const size_t dim : {16, 64, 80, 112, 256}) {
      const Rows rows(dim);
      const std::vector<float> got =
          decoded(keys, GetParam(), dim, coded(keys, GetParam(), rows.view()));
      const size_t strip = value_strip(dim);
      for (size_t t = 0; t < kBlock; ++t) {
        for (size_t i = 0; i < dim; ++i) {
          const float x = rows.view().row(t)[i];
          double most = std::abs(x) * (GetParam() == KvType::f16 ? 0x1p-11 : 0x1p-8);
          if (fine) {
            std::vector<double> together;
            if (keys)
              for (size_t u = 0; u < kBlock; ++u) together.push_back(rows.view().row(u)[i]);
            else
              for (size_t j = i / strip * strip; j < std::min(dim, i / strip * strip + strip); ++j)
                together.push_back(rows.view().row(t)[j]);
            most = largest_error(GetParam(), together);
          }
          ASSERT_LE(std::abs(double{got[t * dim + i]} - x), most)
              << (keys ? "key " : "value ") << t << " " << i << " of " << dim;
        }
      }
    }
  }
}

TEST_P(CodedBlock, ReadsTheFirstRowsAlone) {
  const Rows rows(80);
  for (const bool keys : {true, false}) {
    const Buffer<std::byte> block = coded(keys, GetParam(), rows.view());
    const std::vector<float> all = decoded(keys, GetParam(), 80, block);
    const std::vector<float> some = decoded(keys, GetParam(), 80, block, 21);
    EXPECT_EQ(some, std::vector<float>(all.begin(), all.begin() + 21 * 80));
  }
}

TEST_P(CodedBlock, ConstantsAreKept) {
  for (const float constant : {0.0f, -1.5f, 96.0f}) {
    Rows rows(32);
    for (size_t t = 0; t < kBlock; ++t)
      for (size_t i = 0; i < 32; ++i) rows.at(t, i) = constant;
    for (const bool keys : {true, false})
      for (const float x : decoded(keys, GetParam(), 32, coded(keys, GetParam(), rows.view())))
        ASSERT_EQ(x, constant);
  }
}

TEST_P(CodedBlock, WhatIsNotFiniteSpoilsItsChannelOrTokenAlone) {
  const Rows sound(48);
  for (const float bad : {kNan, INFINITY, -INFINITY}) {
    Rows rows(48);
    rows.at(5, 7) = bad;
    for (const bool keys : {true, false}) {
      const std::vector<float> want =
          decoded(keys, GetParam(), 48, coded(keys, GetParam(), sound.view()));
      const std::vector<float> got =
          decoded(keys, GetParam(), 48, coded(keys, GetParam(), rows.view()));
      EXPECT_FALSE(std::isfinite(got[5 * 48 + 7]));
      for (size_t t = 0; t < kBlock; ++t)
        for (size_t i = 0; i < 48; ++i)
          if (keys ? i != 7 : t != 5) {
            ASSERT_EQ(got[t * 48 + i], want[t * 48 + i]) << t << " " << i;
          }
    }
  }
}

TEST_P(CodedBlock, TakesWholeLinesAndFewBits) {
  for (size_t dim = 16; dim <= 256; dim += 16) {
    EXPECT_EQ(coded_key_bytes(GetParam(), dim) % 64, 0U);
    EXPECT_EQ(coded_value_bytes(GetParam(), dim) % 64, 0U);
  }
  const double bits = GetParam() == KvType::q4 ? 4.5 : GetParam() == KvType::q8 ? 8.5 : 16;
  EXPECT_EQ(static_cast<double>(coded_key_bytes(GetParam(), 64)), bits * 64 * kBlock / 8);
  EXPECT_EQ(static_cast<double>(coded_value_bytes(GetParam(), 64)), bits * 64 * kBlock / 8);
}

INSTANTIATE_TEST_SUITE_P(Kernels, CodedBlock,
                         testing::Values(KvType::f16, KvType::bf16, KvType::q8, KvType::q4),
                         [](const auto& test) { return std::string(name(test.param)); });

}  // namespace
}  // namespace fathom
