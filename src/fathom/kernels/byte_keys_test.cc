#include "fathom/kernels/byte_keys.h"

#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "fathom/base/half.h"

namespace fathom {
namespace {

std::vector<float> random_rows(size_t rows, size_t dim, float offset) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> values(rows * dim);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = normal(random) + (i % dim % 7 == 0 ? offset : 0);  // channels that stand out
  return values;
}

TEST(ByteKeys, RoundsToHalfAStepAboutTheMean) {
  for (const size_t dim : {16, 80, 256}) {
    for (const size_t count : {1, 2, 63, 64}) {
      const std::vector<float> rows = random_rows(count, dim, 50);
      std::vector<std::byte> block(ByteKeys(dim).bytes());
      pack_byte_keys({rows.data(), count, dim}, block.data());
      std::vector<float> back(count * dim);
      unpack_byte_keys(block.data(), {back.data(), count, dim});
      for (size_t d = 0; d < dim; ++d) {
        double mean = 0;
        for (size_t t = 0; t < count; ++t) mean += rows[t * dim + d] / static_cast<double>(count);
        EXPECT_NEAR(to_float(bf16{ByteKeys(dim).mean(block.data())[d]}), mean,
                    0x1.01p-8 * std::abs(mean) + 1e-5);
      }
      for (size_t i = 0; i < rows.size(); ++i) {
        const float step = ByteKeys(dim).scales(block.data())[i / dim];
        EXPECT_LE(step, 8.0F / 127);  // the mean has taken what stood out
        ASSERT_NEAR(back[i], rows[i], 0.501 * step + 1e-5) << dim << ' ' << count << ' ' << i;
      }
      for (size_t t = count; t < kBlock; ++t)
        EXPECT_EQ(ByteKeys(dim).scales(block.data())[t], 0.0F) << "an empty slot";
    }
  }
}

TEST(ByteKeys, KeysOfNothingAreTheMean) {
  const std::vector<float> rows(3 * 64, 2.5F);
  std::vector<std::byte> block(ByteKeys(64).bytes());
  pack_byte_keys({rows.data(), 3, 64}, block.data());
  for (size_t t = 0; t < 3; ++t) EXPECT_EQ(ByteKeys(64).scales(block.data())[t], 0.0F);
  std::vector<float> back(3 * 64);
  unpack_byte_keys(block.data(), {back.data(), 3, 64});
  EXPECT_EQ(back, rows);
}

TEST(ByteKeys, AKeyThatIsNotANumberIsNotHidden) {
  for (const float bad : {NAN, INFINITY}) {
    std::vector<float> rows = random_rows(4, 64, 0);
    std::vector<std::byte> block(ByteKeys(64).bytes());
    pack_byte_keys({rows.data(), 3, 64}, block.data());
    rows[3 * 64 + 5] = bad;
    append_byte_key(rows.data() + 3 * 64, 64, 3, block.data());
    EXPECT_FALSE(std::isfinite(ByteKeys(64).scales(block.data())[3]));
    for (size_t t = 0; t < 3; ++t) EXPECT_TRUE(std::isfinite(ByteKeys(64).scales(block.data())[t]));
  }
}

}  // namespace
}  // namespace fathom
