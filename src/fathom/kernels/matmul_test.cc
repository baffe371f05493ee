// matmul.h against a plain double product, for every ISA, operand and weight type.
#include "fathom/kernels/matmul.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "fathom/base/half.h"
#include "fathom/quant/code_dot.h"
#include "fathom/quant/codes.h"
#include "fathom/quant/decode.h"

namespace fathom {
namespace {

// Where a block keeps its f16 scales. Every other byte of a block may be anything.
std::vector<size_t> scale_offsets(DType type) {
  switch (type) {
    case DType::q4_1:
    case DType::q5_1:
    case DType::q4_k:
    case DType::q5_k:
      return {0, 2};
    case DType::q2_k:
      return {80, 82};
    case DType::q3_k:
      return {108};
    case DType::q6_k:
      return {208};
    default:
      return {0};
  }
}

struct Owned {
  std::vector<std::byte> bytes;
  std::vector<float> decoded;
  float largest = 0;  // magnitude
  Weights weights;
};

// Weights of about unit size: blocks of random bytes with small random scales.
Owned random_weights(DType type, size_t rows, size_t cols, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Owned owned;
  owned.bytes.resize(rows * row_bytes(type, cols));
  const DTypeInfo& layout = info(type);
  for (size_t at = 0; at < owned.bytes.size(); at += layout.block_bytes) {
    std::byte* const block = owned.bytes.data() + at;
    const float value = normal(random);
    if (type == DType::f32) {
      std::memcpy(block, &value, sizeof value);
    } else if (type == DType::bf16) {
      const bf16 half = to_bf16(value);
      std::memcpy(block, &half, sizeof half);
    } else if (type == DType::f16) {
      const f16 half = to_f16(value);
      std::memcpy(block, &half, sizeof half);
    } else {
      for (size_t i = 0; i < layout.block_bytes; ++i) block[i] = std::byte(random() & 0xff);
      for (const size_t offset : scale_offsets(type)) {
        const f16 half = to_f16(normal(random) / 64);
        std::memcpy(block + offset, &half, sizeof half);
      }
    }
  }
  owned.decoded.resize(rows * cols);
  const DecodeFn decode = decoder(type, Isa::portable);
  for (size_t r = 0; r < rows; ++r)
    decode(owned.bytes.data() + r * row_bytes(type, cols), owned.decoded.data() + r * cols, cols);
  for (const float w : owned.decoded) owned.largest = std::max(owned.largest, std::abs(w));
  owned.weights = {type, owned.bytes.data(), rows, cols};
  return owned;
}

std::vector<float> random_floats(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

constexpr size_t kGap = 3;  // between rows of x and of y
constexpr float kFill = 77.0f;

std::vector<std::vector<float>> multiply(const Compute& compute, const std::vector<float>& x,
                                         size_t tokens, size_t cols,
                                         const std::vector<const Owned*>& matrices) {
  std::vector<std::vector<float>> results;
  results.reserve(matrices.size());
  for (const Owned* m : matrices) results.emplace_back(tokens * (m->weights.rows + kGap), kFill);
  std::vector<Product> products;
  products.reserve(matrices.size());
  for (size_t i = 0; i < matrices.size(); ++i) {
    const Weights& w = matrices[i]->weights;
    products.push_back({&w, {results[i].data(), tokens, w.rows, w.rows + kGap}});
  }
  matmul(compute, {x.data(), tokens, cols, cols + kGap}, products);
  return results;
}

// What activations come to be: compute.h.
Activations used(const Compute& compute, const Weights& weights, size_t tokens) {
  const Activations asked = compute.activations;
  if (tokens <= kFewTokens) {
    const bool codes = code_dots(weights.type, compute.isa).dot != nullptr;
    return codes && asked != Activations::f32 ? Activations::int16 : Activations::f32;
  }
  if (asked == Activations::bf16)
    return multiplies_bf16(compute.isa) ? Activations::bf16 : Activations::f32;
  const bool codes = code_format(weights.type, Isa::portable).unpack != nullptr;
  const bool bytes = asked != Activations::int8 || multiplies_bytes(compute.isa);
  return codes && bytes ? asked : Activations::f32;
}

float rounded_to_bf16(float x) { return to_float(to_bf16(x)); }

// The largest integer of activations in integers.
float range_of(Activations activations, size_t tokens) {
  if (activations == Activations::int8) return 127;
  return tokens <= kFewTokens ? static_cast<float>(kRoundedRange) : 32767;
}

// x as a product sees it.
std::vector<double> rounded(Activations activations, float range, const std::vector<float>& x) {
  std::vector<double> values(x.begin(), x.end());
  if (activations == Activations::bf16)
    std::transform(x.begin(), x.end(), values.begin(), rounded_to_bf16);
  if (activations != Activations::int16 && activations != Activations::int8) return values;
  for (size_t begin = 0; begin < values.size(); begin += 32) {
    float top = 0;
    for (size_t i = begin; i < begin + 32; ++i) top = std::max(top, std::abs(x[i]));
    const float step = activations == Activations::int16
                           ? std::exp2(std::ceil(std::log2(top / range)))
                           : top / range;
    const float inverse = 1 / step;
    for (size_t i = begin; i < begin + 32; ++i) {
      values[i] = double{std::nearbyint(x[i] * inverse)} * step;
      EXPECT_NEAR(values[i], x[i], (0.5 + range * 0x1p-22) * step);
    }
  }
  return values;
}

// What the header promises of each element: activations rounded for many tokens, then a sum in f32,
// which in any order is off by at most n ulp of the sum of the terms' sizes.
void expect_product(const Compute& compute, const std::vector<float>& x, size_t tokens,
                    const Owned& m, const std::vector<float>& y) {
  const size_t rows = m.weights.rows;
  const size_t cols = m.weights.cols;
  const Activations activations = used(compute, m.weights, tokens);
  const bool integers = activations == Activations::int16 || activations == Activations::int8;
  for (size_t t = 0; t < tokens; ++t) {
    const auto begin = x.begin() + static_cast<ptrdiff_t>(t * (cols + kGap));
    const std::vector<double> activation =
        rounded(activations, range_of(activations, tokens),
                std::vector<float>(begin, begin + static_cast<ptrdiff_t>(cols)));
    for (size_t r = 0; r < rows; ++r) {
      double sum = 0;
      double size = 0;
      for (size_t c = 0; c < cols; ++c) {
        const float decoded = m.decoded[r * cols + c];
        const float w = activations == Activations::bf16 ? rounded_to_bf16(decoded) : decoded;
        const double term = activation[c] * w;
        sum += term;
        // A code's offset and its minimum may cancel: each is at most twice the largest weight.
        size += integers ? 4 * std::abs(activation[c]) * m.largest : std::abs(term);
      }
      const double tolerance = static_cast<double>(cols + 2) * 0x1p-24 * size;
      ASSERT_NEAR(y[t * (rows + kGap) + r], sum, tolerance) << "token " << t << " row " << r;
    }
    for (size_t g = 0; g < kGap; ++g)
      ASSERT_EQ(y[t * (rows + kGap) + rows + g], kFill) << "wrote past the row";
  }
}

using Path = std::tuple<Isa, Activations>;

class Matmul : public testing::TestWithParam<Path> {
 protected:
  static Compute compute(ThreadPool& pool) {
    return {.isa = std::get<0>(GetParam()), .activations = std::get<1>(GetParam()), .pool = &pool};
  }
};

TEST_P(Matmul, EveryTypeAgreesWithDouble) {
  ThreadPool pool(2);
  uint32_t seed = 1;
  for (const DTypeInfo& type : all_dtypes()) {
    const size_t cols = type.block_size == 1 ? 50 : 3 * type.block_size;
    const Owned m = random_weights(type.type, 70, cols, ++seed);
    for (const size_t tokens : {size_t{1}, kFewTokens, kFewTokens + 1, size_t{14}}) {
      SCOPED_TRACE(std::string(type.name) + ", tokens " + std::to_string(tokens));
      const std::vector<float> x = random_floats(tokens * (cols + kGap), ++seed);
      expect_product(compute(pool), x, tokens, m,
                     multiply(compute(pool), x, tokens, cols, {&m})[0]);
    }
  }
}

TEST_P(Matmul, EdgesOfTilesAndPanels) {
  ThreadPool pool(2);
  uint32_t seed = 100;
  for (const size_t rows : {0, 1, 15, 17, 63, 64, 65, 129}) {
    for (const size_t cols : {1, 2, 17, 31, 33, 64}) {
      const Owned m = random_weights(DType::f32, rows, cols, ++seed);
      for (const size_t tokens : {0, 1, 2, 5, 6, 7, 12, 13, 97}) {
        SCOPED_TRACE(std::to_string(rows) + " rows, " + std::to_string(cols) + " columns, " +
                     std::to_string(tokens) + " tokens");
        const std::vector<float> x = random_floats(tokens * (cols + kGap), ++seed);
        expect_product(compute(pool), x, tokens, m,
                       multiply(compute(pool), x, tokens, cols, {&m})[0]);
      }
    }
  }
}

TEST_P(Matmul, EdgesOfTilesAndPanelsOfCodes) {
  ThreadPool pool(2);
  uint32_t seed = 500;
  for (const size_t rows : {1, 15, 17, 31, 33, 63, 64, 65, 129}) {
    for (const size_t cols : {32, 64, 96, 288}) {
      const Owned m = random_weights(rows % 2 == 0 ? DType::q4_0 : DType::q5_1, rows, cols, ++seed);
      for (const size_t tokens : {3, 5, 6, 7, 12, 13, 97}) {
        SCOPED_TRACE(std::to_string(rows) + " rows, " + std::to_string(cols) + " columns, " +
                     std::to_string(tokens) + " tokens");
        const std::vector<float> x = random_floats(tokens * (cols + kGap), ++seed);
        expect_product(compute(pool), x, tokens, m,
                       multiply(compute(pool), x, tokens, cols, {&m})[0]);
      }
    }
  }
}

// A model whose numbers have overflowed must not look sound, and nothing else may suffer.
TEST_P(Matmul, WhatIsNotANumberStaysSo) {
  ThreadPool pool(1);
  const Owned m = random_weights(DType::q4_1, 40, 96, 1);
  for (const size_t tokens : {kFewTokens, size_t{9}}) {
    const size_t hurt = tokens / 2;
    for (const float bad : {NAN, INFINITY, -INFINITY}) {
      std::vector<float> x = random_floats(tokens * (96 + kGap), 2);
      const auto sound = multiply(compute(pool), x, tokens, 96, {&m})[0];
      x[hurt * (96 + kGap) + 70] = bad;
      const auto y = multiply(compute(pool), x, tokens, 96, {&m})[0];
      for (size_t t = 0; t < tokens; ++t)
        for (size_t r = 0; r < 40; ++r) {
          const size_t i = t * (40 + kGap) + r;
          if (t == hurt) {
            EXPECT_FALSE(std::isfinite(y[i]));
          } else {
            EXPECT_EQ(y[i], sound[i]);
          }
        }
    }
  }
}

TEST_P(Matmul, SmallNumbersAndZerosAreNoTrouble) {
  ThreadPool pool(1);
  const Owned m = random_weights(DType::q8_0, 40, 64, 1);
  for (const float scale : {0.0f, 1e-44f, 1e-38f, 1e-29f, 1e30f}) {
    std::vector<float> x = random_floats(9 * (64 + kGap), 2);
    for (float& v : x) v *= scale;
    const std::vector<float> y = multiply(compute(pool), x, 9, 64, {&m})[0];
    for (const float value : y) EXPECT_TRUE(std::isfinite(value));
  }
}

// Deeper than one slice of the reduced dimension, and more panels than one batch.
TEST_P(Matmul, DeepAndWide) {
  ThreadPool pool(2);
  const Owned deep = random_weights(DType::q8_0, 66, 2080, 1);
  const std::vector<float> x = random_floats(19 * (2080 + kGap), 2);
  expect_product(compute(pool), x, 19, deep, multiply(compute(pool), x, 19, 2080, {&deep})[0]);
  const Owned wide = random_weights(DType::q4_0, 20'000, 256, 3);
  const std::vector<float> z = random_floats(13 * (256 + kGap), 4);
  expect_product(compute(pool), z, 13, wide, multiply(compute(pool), z, 13, 256, {&wide})[0]);
}

// 256 + 17 columns leave half a pack empty. It must hold zeros, not what was decoded before: that
// may be infinite, and 0 times infinity is not a number.
TEST_P(Matmul, PaddingHoldsNothing) {
  ThreadPool pool(1);
  constexpr size_t kCols = 273;
  std::vector<float> w(2 * kCols, 1.0f);
  w[17] = INFINITY;
  const std::vector<float> x(9 * kCols, 1.0f);
  std::vector<float> y(9 * 2);
  const Weights weights{DType::f32, reinterpret_cast<const std::byte*>(w.data()), 2, kCols};
  const Product product{&weights, {y.data(), 9, 2}};
  matmul(compute(pool), {x.data(), 9, kCols}, {&product, 1});
  for (size_t t = 0; t < 9; ++t) {
    EXPECT_EQ(y[2 * t], INFINITY);
    EXPECT_EQ(y[2 * t + 1], 273.0f);
  }
}

TEST_P(Matmul, SeveralProductsShareTheirInput) {
  ThreadPool pool(2);
  const Owned a = random_weights(DType::q4_k, 130, 256, 1);
  const Owned b = random_weights(DType::q6_k, 3, 256, 2);
  const Owned c = random_weights(DType::f16, 64, 256, 3);
  for (const size_t tokens : {1, 3, 20}) {
    const std::vector<float> x = random_floats(tokens * (256 + kGap), 4);
    const auto y = multiply(compute(pool), x, tokens, 256, {&a, &b, &c});
    expect_product(compute(pool), x, tokens, a, y[0]);
    expect_product(compute(pool), x, tokens, b, y[1]);
    expect_product(compute(pool), x, tokens, c, y[2]);
  }
}

TEST_P(Matmul, SameBitsForAnyThreadCount) {
  const Owned m = random_weights(DType::q4_1, 500, 608, 1);
  for (const size_t tokens : {1, 2, 200}) {
    const std::vector<float> x = random_floats(tokens * (608 + kGap), 2);
    ThreadPool one(1);
    const auto want = multiply(compute(one), x, tokens, 608, {&m});
    for (const size_t threads : {2, 3}) {
      ThreadPool pool(threads);
      EXPECT_EQ(multiply(compute(pool), x, tokens, 608, {&m}), want) << threads << " threads";
    }
  }
}

TEST_P(Matmul, ATokenDoesNotDependOnItsNeighbours) {
  ThreadPool pool(2);
  const Owned m = random_weights(DType::q8_0, 100, 320, 1);
  const std::vector<float> x = random_floats(50 * (320 + kGap), 2);
  const auto all = multiply(compute(pool), x, 50, 320, {&m})[0];
  for (const size_t first : {1, 9, 30}) {
    const std::vector<float> some(x.begin() + static_cast<std::ptrdiff_t>(first * (320 + kGap)),
                                  x.end());
    const auto fewer = multiply(compute(pool), some, 50 - first, 320, {&m})[0];
    EXPECT_TRUE(std::equal(fewer.begin(), fewer.end(),
                           all.begin() + static_cast<std::ptrdiff_t>(first * (100 + kGap))));
  }
}

INSTANTIATE_TEST_SUITE_P(Paths, Matmul,
                         testing::Combine(testing::ValuesIn(supported_isas().begin(),
                                                            supported_isas().end()),
                                          testing::Values(Activations::f32, Activations::bf16,
                                                          Activations::int16, Activations::int8)),
                         [](const auto& param) {
                           return std::string(name(std::get<0>(param.param))) + "_" +
                                  std::string(name(std::get<1>(param.param)));
                         });

TEST(GatherRows, DecodesTheRowsAsked) {
  ThreadPool pool(2);
  for (const DTypeInfo& type : all_dtypes()) {
    const Owned m = random_weights(type.type, 20, 256, 1);
    std::vector<int32_t> ids = {19, 0, 7, 7};
    for (int32_t i = 0; i < 300; ++i) ids.push_back(i % 20);
    std::vector<float> y(ids.size() * (256 + kGap), kFill);
    gather_rows({.pool = &pool}, m.weights, ids, {y.data(), ids.size(), 256, 256 + kGap});
    for (size_t i = 0; i < ids.size(); ++i) {
      const float* const want = m.decoded.data() + static_cast<size_t>(ids[i]) * 256;
      for (size_t c = 0; c < 256; ++c)  // decoders differ by at most one rounding (decode.h)
        ASSERT_NEAR(y[i * (256 + kGap) + c], want[c], std::abs(want[c]) * 0x1p-22) << type.name;
      ASSERT_EQ(y[i * (256 + kGap) + 256], kFill);
    }
  }
}

}  // namespace
}  // namespace fathom
