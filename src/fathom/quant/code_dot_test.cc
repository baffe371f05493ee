// code_dot.h on every instruction set that has it: rounding by its definition, dot products against
// double, both against the portable twin.
#include "fathom/quant/code_dot.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fathom/base/buffer.h"
#include "fathom/quant/codes.h"
#include "fathom/quant/decode.h"
#include "fathom/quant/random_row.h"

namespace fathom {
namespace {

// A copy that ends where memory does: a read beyond it is a fault, by vector instructions too.
class Guarded {
 public:
  explicit Guarded(const std::vector<std::byte>& bytes) : page_(::sysconf(_SC_PAGESIZE)) {
    size_ = (bytes.size() / page_ + 1) * page_;
    memory_ = static_cast<std::byte*>(
        ::mmap(nullptr, size_ + page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    EXPECT_EQ(::mprotect(memory_ + size_, page_, PROT_NONE), 0);
    data_ = memory_ + size_ - bytes.size();
    std::copy(bytes.begin(), bytes.end(), data_);
  }
  ~Guarded() { ::munmap(memory_, size_ + page_); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  const std::byte* data() const { return data_; }

 private:
  size_t page_, size_ = 0;
  std::byte* memory_ = nullptr;
  std::byte* data_ = nullptr;
};

// Of sizes e^-4 to e^4, so that groups differ.
std::vector<float> random_x(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> x(count);
  for (float& value : x) value = normal(random) * std::exp(normal(random));
  return x;
}

Buffer<RoundedX> rounded(const CodeDots& dots, const std::vector<float>& x) {
  Buffer<RoundedX> to(rounded_count(x.size()));
  dots.round(x.data(), x.size(), to.data());
  return to;
}

struct Case {
  DType type;
  Isa isa;
};

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const DTypeInfo& type : all_dtypes())
    for (const Isa isa : supported_isas())
      if (code_dots(type.type, isa).dot != nullptr) cases.push_back({type.type, isa});
  return cases;
}

class CodeDot : public testing::TestWithParam<Case> {
 protected:
  static DType type() { return GetParam().type; }
  static CodeDots dots() { return code_dots(type(), GetParam().isa); }
};

TEST_P(CodeDot, RoundsToAPowerOfTwoTimesSixteenBits) {
  const std::vector<float> x = random_x(7 * 32, 1);
  const Buffer<RoundedX> got = rounded(dots(), x);
  for (size_t i = 0; i < x.size(); ++i) {
    const RoundedX& part = got[i / 128];
    const size_t group = i % 128 / 32, half = i / 16 % 2, at = 16 * group + i % 16;
    const auto begin = x.begin() + static_cast<ptrdiff_t>(i / 32 * 32);
    const float top = std::abs(*std::max_element(
        begin, begin + 32, [](float a, float b) { return std::abs(a) < std::abs(b); }));
    const float scale = part.scale[4 * group];
    int exponent = 0;
    EXPECT_EQ(std::frexp(scale, &exponent), 0.5F);
    EXPECT_LE(scale, 2 * top / kRoundedRange);
    const int value = 256 * part.high[half][at] + part.low[half][at];
    EXPECT_LE(std::abs(value), kRoundedRange);
    EXPECT_LE(std::abs(static_cast<float>(value) * scale - x[i]), scale / 2);  // exact operations
  }
}

TEST_P(CodeDot, RoundsAsThePortableTwinBitForBit) {
  std::vector<float> x = random_x(4 * 128 + 32, 2);
  std::fill_n(x.begin(), 32, 0.0F);
  x[40] = NAN;
  x[70] = -INFINITY;
  for (size_t i = 96; i < 128; ++i) x[i] *= 1e-34F;
  for (size_t i = 128; i < 160; ++i) x[i] *= 1e34F;
  for (size_t i = 160; i < 192; ++i) x[i] = i % 2 == 0 ? 32639.0F : -32639.0F;
  for (size_t i = 192; i < 224; ++i) x[i] = static_cast<float>(i) + 0.5F;  // ties
  const Buffer<RoundedX> got = rounded(dots(), x);
  const Buffer<RoundedX> want = rounded(code_dots(type(), Isa::portable), x);
  EXPECT_TRUE(std::ranges::equal(std::as_bytes(got.span()), std::as_bytes(want.span())));
}

// What the sum in double is, and how far from it the header lets the result be.
struct Expected {
  double sum = 0;
  double tolerance = 0;
};

Expected expected_of(DType type, const std::byte* row, const std::vector<float>& x,
                     const Buffer<RoundedX>& as_integers) {
  const CodeFormat format = code_format(type, Isa::portable);
  std::vector<uint8_t> codes(x.size());
  std::vector<float> scales(x.size() / format.group), minima(scales.size());
  format.unpack(row, x.size(), codes.data(), scales.data(), minima.data());
  Expected y;
  double magnitude = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const size_t group = i / format.group;
    const double product = double{scales[group]} * (codes[i] - format.zero);
    y.sum += (product + minima[group]) * x[i];
    magnitude += (std::abs(product) + std::abs(minima[group])) * std::abs(x[i]);
    const float step = as_integers[i / 128].scale[i % 128 / 32 * 4];
    y.tolerance += std::abs(product + minima[group]) * step / 2;
  }
  // Each term passes through at most two roundings of its own, one addition per 8 elements, and
  // four to fold the lanes, each of which rounds to 2^-24 of at most `magnitude`.
  y.tolerance += (static_cast<double>(x.size()) / 8 + 6) * 0x1p-24 * magnitude;
  return y;
}

TEST_P(CodeDot, EqualsTheSumInDouble) {
  const size_t step = info(type()).block_size;
  for (size_t cols = step; cols <= 11 * step; cols += step) {
    for (const float size : {1.0F, 1e-25F, 1e25F}) {
      std::vector<float> x = random_x(cols, static_cast<uint32_t>(cols));
      for (float& value : x) value *= size;
      const Guarded row(random_row(type(), cols, static_cast<uint32_t>(cols)));
      const Buffer<RoundedX> as_integers = rounded(dots(), x);
      float y = 0;
      dots().dot(row.data(), 1, cols, as_integers.data(), &y);
      const Expected expected = expected_of(type(), row.data(), x, as_integers);
      EXPECT_NEAR(y, expected.sum, expected.tolerance) << cols << " columns of size " << size;
    }
  }
}

TEST_P(CodeDot, ARowDoesNotDependOnItsNeighbours) {
  const size_t cols = 5 * info(type()).block_size, rows = 11;
  const Guarded weights(random_row(type(), rows * cols, 3));
  const std::vector<float> x = random_x(cols, 4);
  const Buffer<RoundedX> as_integers = rounded(dots(), x);
  std::vector<float> alone(rows);
  for (size_t r = 0; r < rows; ++r) {
    const std::byte* const row = weights.data() + r * row_bytes(type(), cols);
    dots().dot(row, 1, cols, as_integers.data(), &alone[r]);
    const Expected expected = expected_of(type(), row, x, as_integers);
    EXPECT_NEAR(alone[r], expected.sum, expected.tolerance) << r;
  }
  for (size_t count = 0; count <= rows; ++count) {
    std::vector<float> y(rows, 77.0F), want(alone);
    std::fill(want.begin() + static_cast<ptrdiff_t>(count), want.end(), 77.0F);
    dots().dot(weights.data(), count, cols, as_integers.data(), y.data());
    EXPECT_EQ(y, want) << count;
  }
}

TEST_P(CodeDot, WhatIsNotFiniteShows) {
  const size_t cols = 3 * info(type()).block_size;
  const std::vector<std::byte> row = random_row(type(), cols, 5);
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    std::vector<float> x = random_x(cols, 6);
    x[cols - 7] = bad;
    const Buffer<RoundedX> as_integers = rounded(dots(), x);
    float y = 0;
    dots().dot(row.data(), 1, cols, as_integers.data(), &y);
    EXPECT_TRUE(std::isnan(y));
  }
}

TEST_P(CodeDot, ZerosAndWhatIsNextToZeroGiveZero) {
  const size_t cols = 3 * info(type()).block_size;
  const std::vector<std::byte> row = random_row(type(), cols, 7);
  for (const float tiny : {0.0F, -0.0F, 1e-44F, kRoundedSmallest}) {
    const Buffer<RoundedX> as_integers = rounded(dots(), std::vector<float>(cols, tiny));
    float y = 1;
    dots().dot(row.data(), 1, cols, as_integers.data(), &y);
    EXPECT_EQ(y, 0);
  }
}

std::string case_name(const testing::TestParamInfo<Case>& parameter) {
  const auto [type, isa] = parameter.param;
  return std::string(info(type).name) + "_" + std::string(name(isa));
}

INSTANTIATE_TEST_SUITE_P(AllTypes, CodeDot, testing::ValuesIn(all_cases()), case_name);

TEST(CodeDots, AreOfQuantisedTypesWhereBytesAreMultiplied) {
  for (const Isa isa : supported_isas()) {
    const bool any = code_dots(DType::q4_1, isa).dot != nullptr;
    EXPECT_EQ(any, isa == Isa::portable || isa == Isa::avx512bf16) << name(isa);
    EXPECT_EQ(code_dots(DType::f16, isa).dot, nullptr);
  }
}

}  // namespace
}  // namespace fathom
