#include "fathom/eval/value_text.h"

#include <limits>

#include <gtest/gtest.h>

#include "fathom/base/svg.h"

namespace fathom {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(ValueText, ThreeDigitsThatCount) {
  EXPECT_EQ(number_text(0.03124), "0.0312");
  EXPECT_EQ(number_text(14.23), "14.2");
  EXPECT_EQ(number_text(2051.4), "2,051");
  EXPECT_EQ(number_text(-1234567), "\u22121,234,567");
  EXPECT_EQ(number_text(0), "0");
  EXPECT_EQ(number_text(3e-7), "3e-07");
  EXPECT_EQ(number_text(kNan), "–");
}

TEST(ValueText, ValuesAsTheirMetricShowsThem) {
  EXPECT_EQ(value_text(0.924, Metric::Shown::percent), "92.4 %");
  EXPECT_EQ(value_text(0, Metric::Shown::exponential), "1.00");
  EXPECT_EQ(value_text(kNan, Metric::Shown::percent), "–");
  EXPECT_EQ(range_text({0.5, 0.25, 0.75}, Metric::Shown::percent), "[25.0, 75.0]");
  EXPECT_EQ(difference_text(-0.031, Metric::Shown::percent), "\u22123.1 points");
  EXPECT_EQ(difference_text(0.25, Metric::Shown::number), "+0.250");
  EXPECT_EQ(difference_text(0.01, Metric::Shown::exponential), "+1.0 %");
}

TEST(ValueText, SharesCountsAndBytes) {
  EXPECT_EQ(share_text(0.125), "12.5 %");
  EXPECT_EQ(share_text(0.0625), "6.25 %");
  EXPECT_EQ(share_text(1), "100 %");
  EXPECT_EQ(count_text(8192), "8,192");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(bytes_text(1536), "1.50 KiB");
  EXPECT_EQ(fraction_text(0.126), "an eighth");
  EXPECT_EQ(fraction_text(0.5), "half");
  EXPECT_EQ(fraction_text(0.41), "41 %");
}

TEST(ValueText, LabelsLoseTheNamesOfParameters) {
  EXPECT_EQ(short_label("window(size=1024) | sinks(count=4)"), "window 1024 | sinks 4");
  EXPECT_EQ(short_label("q4; snapkv(budget=0.125, window=32)"), "q4; snapkv 12.5 %, 32");
  EXPECT_EQ(short_label("h2o(budget=4096)"), "h2o 4096");
  EXPECT_EQ(short_label("layers(0: window(size=8))"), "layers(0: window(size=8))");
  EXPECT_EQ(short_label("full"), "full");
  EXPECT_EQ(short_label("odd(size=1"), "odd(size=1");
}

TEST(ValueText, LongTextsAreElidedAndBroken) {
  const std::string text(400, 'x');
  const std::string shown = elided(text, 100, 12);
  EXPECT_LE(text_width(shown, 12), 100);
  EXPECT_GT(text_width(shown, 12), 80);
  EXPECT_NE(shown.find("…"), std::string::npos);
  EXPECT_EQ(elided("short", 100, 12), "short");
  for (const std::string& line : wrapped("one two three four five " + text, 90, 12, false))
    EXPECT_LE(text_width(line, 12), 90) << line;
  EXPECT_EQ(wrapped("one two", 1000, 12, false), std::vector<std::string>{"one two"});
  std::string accents;
  for (int i = 0; i < 100; ++i) accents += "é";
  EXPECT_EQ(as_utf8(elided(accents, 50, 12)), elided(accents, 50, 12)) << "cut inside a character";
}

TEST(ValueText, ModelsAreCalledByTheirFile) {
  EXPECT_EQ(model_text("smollm2-135m"), "smollm2-135m");
  EXPECT_EQ(model_text("/a/b.c/Tiny.Q4.gguf"), "Tiny.Q4");
}

TEST(ValueText, WhatIsNotUtf8IsReplaced) { EXPECT_EQ(as_utf8("a\xff"), "a\xef\xbf\xbd"); }

}  // namespace
}  // namespace fathom
