#include "fathom/kernels/partial.h"

#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace fathom {
namespace {

constexpr size_t kRows = 5;
constexpr size_t kDim = 16;

// Softmax over `keys` random keys a row, at an exponent of its own; no key at all in row `empty`.
struct Part {
  std::vector<float> out = std::vector<float>(kRows * kDim);
  std::vector<float> exponent = std::vector<float>(kRows);
  std::vector<float> sum = std::vector<float>(kRows);
  PartialRows rows() {
    return {Matrix<float>(out.data(), kRows, kDim), exponent.data(), sum.data()};
  }
};

Part random_part(uint32_t seed, size_t empty) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> unit(0.1f, 1);
  Part part;
  for (size_t r = 0; r < kRows; ++r) {
    part.exponent[r] = static_cast<float>(random() % 41) - 20;
    if (r == empty) continue;
    part.sum[r] = unit(random);
    for (size_t i = 0; i < kDim; ++i) part.out[r * kDim + i] = unit(random) - 0.5f;
  }
  return part;
}

// The two sums at exponent zero.
double whole(const Part& part, size_t r) { return part.sum[r] * std::exp2(part.exponent[r]); }
double whole_out(const Part& part, size_t i) {
  return part.out[i] * std::exp2(part.exponent[i / kDim]);
}

TEST(Partial, MergeAddsWhatBothSaw) {
  const Part a = random_part(1, 2);
  Part b = random_part(2, 3);
  Part merged = a;
  merge(b.rows(), merged.rows());
  for (size_t i = 0; i < kRows * kDim; ++i) {
    const double want = whole(a, i / kDim) + whole(b, i / kDim);
    EXPECT_NEAR(whole(merged, i / kDim), want, 1e-6 * want);
    EXPECT_NEAR(whole_out(merged, i), whole_out(a, i) + whole_out(b, i), 1e-6 * want);
  }
}

TEST(Partial, MergeIsAssociativeAndCommutative) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    Part a = random_part(3 * seed, 0);
    Part b = random_part(3 * seed + 1, 1);
    Part c = random_part(3 * seed + 2, 0);  // row 0 is empty in a and c
    Part left = a;
    merge(b.rows(), left.rows());
    merge(c.rows(), left.rows());
    Part right = c;
    merge(a.rows(), right.rows());
    merge(b.rows(), right.rows());
    for (size_t i = 0; i < kRows * kDim; ++i) {
      const double size = whole(left, i / kDim);
      EXPECT_NEAR(whole(right, i / kDim), size, 1e-6 * size);
      EXPECT_NEAR(whole_out(right, i), whole_out(left, i), 1e-6 * size);
    }
  }
}

TEST(Partial, RowThatSawNothingChangesNothing) {
  Part nothing;
  nothing.exponent.assign(kRows, 1000);  // must not matter
  const Part a = random_part(5, 4);
  Part merged = a;
  merge(nothing.rows(), merged.rows());
  EXPECT_EQ(merged.out, a.out);
  EXPECT_EQ(merged.sum, a.sum);
  Part into = nothing;
  Part from = a;
  merge(from.rows(), into.rows());
  for (size_t r = 0; r < 4; ++r) EXPECT_EQ(into.sum[r], a.sum[r]);
  EXPECT_EQ(into.sum[4], 0.0f);
}

TEST(Partial, FarApartExponentsStayFinite) {
  Part a = random_part(6, kRows);
  Part b = random_part(7, kRows);
  for (float& e : a.exponent) e = -3000;
  for (float& e : b.exponent) e = 3000;
  merge(b.rows(), a.rows());
  EXPECT_EQ(a.out, b.out);
  EXPECT_EQ(a.sum, b.sum);
}

TEST(Partial, NormaliseDividesOrYieldsZeros) {
  Part part = random_part(8, 1);
  std::vector<float> result(kDim);
  normalise(part.rows(), 0, result.data());
  for (size_t i = 0; i < kDim; ++i) EXPECT_NEAR(result[i], part.out[i] / part.sum[0], 1e-6);
  normalise(part.rows(), 1, result.data());
  EXPECT_EQ(result, std::vector<float>(kDim, 0.0f));
}

}  // namespace
}  // namespace fathom
