#include "fathom/base/log_axis.h"

#include <gtest/gtest.h>

namespace fathom {
namespace {

std::vector<std::string> labels(const LogAxis& axis) {
  std::vector<std::string> found;
  for (const LogAxis::Tick& tick : axis.ticks()) found.push_back(tick.label);
  return found;
}

TEST(LogAxis, TokensHaveTicksAtPowersOfTwo) {
  const LogAxis axis(Ticks::tokens, 512, 3 << 20, 0, 100);
  EXPECT_EQ(labels(axis),
            (std::vector<std::string>{"512", "2K", "8K", "32K", "128K", "512K", "2M"}));
  EXPECT_EQ(labels({Ticks::tokens, 4096, 32768, 0, 1}),
            (std::vector<std::string>{"4K", "8K", "16K", "32K"}));
}

TEST(LogAxis, DecadesEndAtTicks) {
  const LogAxis axis(Ticks::decades, 0.002, 40, 100, 0);
  EXPECT_EQ(labels(axis), (std::vector<std::string>{"0.001", "0.01", "0.1", "1", "10", "100"}));
  EXPECT_DOUBLE_EQ(axis.pixel(0.001), 100);
  EXPECT_DOUBLE_EQ(axis.pixel(100), 0);
  EXPECT_DOUBLE_EQ(axis.pixel(1), 40);
  EXPECT_EQ(labels({Ticks::decades, 1e-7, 1e-5, 0, 1}),
            (std::vector<std::string>{"1e-7", "1e-6", "1e-5"}));
}

TEST(LogAxis, ASingleValueLiesInTheMiddle) {
  for (const Ticks ticks : {Ticks::tokens, Ticks::decades})
    EXPECT_DOUBLE_EQ(LogAxis(ticks, 1, 1, 20, 40).pixel(1), 30);
}

TEST(LogAxis, SharesAreFractions) {
  EXPECT_EQ(labels({Ticks::tokens, 0.1, 1, 0, 1}),
            (std::vector<std::string>{"1/8", "1/4", "1/2", "1"}));
}

}  // namespace
}  // namespace fathom
