// Every type on every instruction set: against blocks worked by hand, the portable decoder, and dot
// products in double. tests/oracle/test_quant.py compares all of them with PyPI gguf.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "fathom/base/half.h"
#include "fathom/quant/codes.h"
#include "fathom/quant/decode.h"
#include "fathom/quant/random_row.h"

namespace fathom {
namespace {

std::vector<float> decode(DType type, Isa isa, const std::vector<std::byte>& row, size_t count) {
  std::vector<float> values(count);
  decoder(type, isa)(row.data(), values.data(), count);
  return values;
}

struct Case {
  DType type;
  Isa isa;
};

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const DTypeInfo& type : all_dtypes())
    for (const Isa isa : supported_isas()) cases.push_back({type.type, isa});
  return cases;
}

class Decode : public testing::TestWithParam<Case> {};

TEST_P(Decode, EqualsThePortableDecoderBitForBit) {
  const auto [type, isa] = GetParam();
  const size_t count = 7 * 256;
  const std::vector<std::byte> row = random_row(type, count, 1);
  const std::vector<float> got = decode(type, isa, row, count);
  const std::vector<float> expected = decode(type, Isa::portable, row, count);
  for (size_t i = 0; i < count; ++i)
    ASSERT_EQ(std::bit_cast<uint32_t>(got[i]), std::bit_cast<uint32_t>(expected[i])) << i;
}

TEST_P(Decode, EachBlockStandsForItself) {
  const auto [type, isa] = GetParam();
  const DTypeInfo& layout = info(type);
  const size_t count = std::max<size_t>(5 * layout.block_size, 67);
  const size_t whole = count / layout.block_size * layout.block_size;
  const std::vector<std::byte> row = random_row(type, whole, 2);
  const std::vector<float> expected = decode(type, isa, row, whole);
  for (size_t block = 0; block < whole / layout.block_size; ++block) {
    const auto* from = row.data() + block * layout.block_bytes;
    const std::vector<std::byte> alone(from, from + layout.block_bytes);
    const std::vector<float> got = decode(type, isa, alone, layout.block_size);
    for (size_t i = 0; i < got.size(); ++i)
      ASSERT_EQ(got[i], expected[block * layout.block_size + i]) << block << ' ' << i;
  }
}

TEST_P(Decode, CodesStandForTheSameNumbers) {
  const auto [type, isa] = GetParam();
  const CodeFormat format = code_format(type, isa);
  const bool quantised = type != DType::f32 && type != DType::f16 && type != DType::bf16;
  ASSERT_EQ(format.unpack != nullptr, quantised);
  if (!quantised) return;
  const size_t count = 5 * 256;
  const std::vector<std::byte> row = random_row(type, count, 5);
  const std::vector<float> expected = decode(type, isa, row, count);
  std::vector<uint8_t> codes(count);
  std::vector<float> scales(count / format.group);
  std::vector<float> minima(format.minima ? count / format.group : 0);
  format.unpack(row.data(), count, codes.data(), scales.data(), minima.data());
  for (size_t i = 0; i < count; ++i) {
    const size_t group = i / format.group;
    const int code = codes[i] - format.zero;
    const float product = scales[group] * static_cast<float>(code);  // exact
    ASSERT_EQ(format.minima ? product + minima[group] : product, expected[i]) << i;
  }
}

TEST_P(Decode, DotEqualsTheSumInDouble) {
  const auto [type, isa] = GetParam();
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  const size_t step = info(type).block_size;
  for (size_t count = 0; count <= 20 * step; count += step) {
    const std::vector<std::byte> row = random_row(type, count, static_cast<uint32_t>(count));
    std::vector<float> x(count);
    for (float& value : x) value = normal(random);
    const std::vector<float> w = decode(type, isa, row, count);
    double expected = 0, magnitude = 0;
    for (size_t i = 0; i < count; ++i) {
      expected += double{w[i]} * x[i];
      magnitude += std::abs(double{w[i]} * x[i]);
    }
    // Each product passes through at most one addition per 16 elements and six to fold the lanes,
    // each of which rounds to 2^-24 of at most `magnitude`.
    const double roundings = static_cast<double>(count) / 16 + 8;
    EXPECT_NEAR(dotter(type, isa)(row.data(), x.data(), count), expected,
                roundings * 0x1p-24 * magnitude)
        << count;
  }
}

std::string case_name(const testing::TestParamInfo<Case>& parameter) {
  const auto [type, isa] = parameter.param;
  return std::string(info(type).name) + "_" + std::string(name(isa));
}

INSTANTIATE_TEST_SUITE_P(AllTypes, Decode, testing::ValuesIn(all_cases()), case_name);

TEST(DecodeByHand, Q4_0) {
  std::vector<std::byte> block(18);
  const f16 d = to_f16(0.5F);
  std::memcpy(block.data(), &d, 2);
  block[2] = std::byte{0xf3};  // element 0 is 3, element 16 is 15
  const std::vector<float> values = decode(DType::q4_0, best_isa(), block, 32);
  EXPECT_EQ(values[0], 0.5F * (3 - 8));
  EXPECT_EQ(values[16], 0.5F * (15 - 8));
  EXPECT_EQ(values[1], 0.5F * (0 - 8));
}

TEST(DecodeByHand, Q5_1) {
  std::vector<std::byte> block(24);
  const f16 d = to_f16(0.25F), m = to_f16(-3);
  std::memcpy(block.data(), &d, 2);
  std::memcpy(block.data() + 2, &m, 2);
  block[6] = std::byte{0x02};  // the fifth bit of element 17
  block[9] = std::byte{0x71};  // element 1 is 1, element 17 is 7 + 16
  const std::vector<float> values = decode(DType::q5_1, best_isa(), block, 32);
  EXPECT_EQ(values[1], 0.25F * 1 - 3);
  EXPECT_EQ(values[17], 0.25F * 23 - 3);
  EXPECT_EQ(values[0], -3);
}

TEST(DecodeByHand, Q6_K) {
  std::vector<std::byte> block(210);
  const f16 d = to_f16(2);
  std::memcpy(block.data() + 208, &d, 2);
  block[192 + 9] = std::byte{0xfd};        // the scale of elements 144-159 is -3
  block[64 + 20] = std::byte{0x05};        // the low bits of element 148 are 5
  block[128 + 32 + 20] = std::byte{0x03};  // its high bits are 3
  const std::vector<float> values = decode(DType::q6_k, best_isa(), block, 256);
  EXPECT_EQ(values[148], 2 * -3 * (5 + 48 - 32));
  EXPECT_EQ(values[149], 2 * -3 * (0 - 32));
  EXPECT_EQ(values[0], 0);
}

TEST(RoundTrip, Q8_0ReturnsEveryValueToHalfAStep) {
  std::mt19937 random(4);
  std::normal_distribution<float> normal;
  std::vector<float> x(32);
  for (float& value : x) value = normal(random);
  float largest = 0;
  for (const float value : x) largest = std::max(largest, std::abs(value));
  const f16 d = to_f16(largest / 127);
  std::vector<std::byte> block(34);
  std::memcpy(block.data(), &d, 2);
  for (size_t i = 0; i < x.size(); ++i)
    block[2 + i] = static_cast<std::byte>(std::lround(x[i] / to_float(d)));
  for (const Isa isa : supported_isas()) {
    const std::vector<float> back = decode(DType::q8_0, isa, block, 32);
    for (size_t i = 0; i < x.size(); ++i)
      EXPECT_NEAR(back[i], x[i], 0.5F * to_float(d) * (1 + 0x1p-10F));
  }
}

TEST(DType, EveryTypeIsFoundByItsId) {
  for (const DTypeInfo& type : all_dtypes()) {
    EXPECT_EQ(find_dtype(static_cast<uint32_t>(type.type)), &type);
    EXPECT_EQ(&info(type.type), &type);
    EXPECT_EQ(row_bytes(type.type, 3 * type.block_size), 3 * type.block_bytes);
  }
  EXPECT_EQ(find_dtype(4), nullptr);
  EXPECT_EQ(find_dtype(0xffffffff), nullptr);
}

}  // namespace
}  // namespace fathom
