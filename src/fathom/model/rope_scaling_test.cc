#include "fathom/model/rope_scaling.h"

#include <string>

#include <gtest/gtest.h>

namespace fathom {
namespace {

RopeScaling parse(std::string_view text) { return parse_rope_scaling(text).value(); }

TEST(RopeScaling, SaysWhatIsLeftOut) {
  EXPECT_EQ(RopeScaling().kind, RopeKind::automatic);
  EXPECT_EQ(parse("auto"), RopeScaling());
  EXPECT_FALSE(parse("linear").factor);
  EXPECT_EQ(parse(" linear ( factor = 2.5 ) ").factor, 2.5);
  EXPECT_FALSE(parse("yarn").attn_factor);
  EXPECT_EQ(parse("yarn").beta_fast, 32);
  EXPECT_FALSE(parse("llama3").original);
  EXPECT_EQ(parse("llama3(original=8192)").original, 8192u);
  EXPECT_EQ(parse("longrope(short=[1, 2.5], long=[])").short_factors,
            (std::vector<double>{1, 2.5}));
}

TEST(RopeScaling, IsWrittenAsItIsRead) {
  for (const char* text :
       {"auto", "none", "linear", "linear(factor=4)", "ntk(factor=1.5)", "dynamic_ntk",
        "yarn(factor=4, beta_fast=32, beta_slow=1, attn_factor=0.5)",
        "llama3(factor=8, low=1, high=4, original=8192)", "self_extend(group=8, window=1024)",
        "longrope(short=[1, 1.25], long=[2, 3], attn_factor=1.19)"}) {
    EXPECT_EQ(parse(text).spec(), text);
    EXPECT_EQ(parse(parse(text).spec()), parse(text));
  }
  EXPECT_EQ(parse("yarn").spec(), "yarn(beta_fast=32, beta_slow=1)");
}

TEST(RopeScaling, PointsAtWhatIsWrong) {
  const auto error = [](std::string_view text) { return parse_rope_scaling(text).error().message; };
  EXPECT_EQ(error("yarn(factor=4, beta=3)").substr(0, 22), "no parameter 'beta': y");
  EXPECT_TRUE(error("yarn(factor=4, beta=3)").ends_with("\n                 ^"));
  EXPECT_TRUE(error("linear(factor=2) ntk").starts_with("expected the end"));
  EXPECT_TRUE(error("linear(factor=1e400)").starts_with("factor must be a number"));
  EXPECT_TRUE(error("linear(factor=0.99)").starts_with("factor must be at least 1"));
  EXPECT_TRUE(error("linear(factor=1e300)").starts_with("factor must be at most 1e+12"));
  EXPECT_TRUE(error("longrope(long=[1, 1e300])").starts_with("short and long must hold numbers"));
  EXPECT_TRUE(error("longrope(short=[1e-300])").starts_with("short and long must hold numbers"));
  EXPECT_TRUE(
      error("yarn(attn_factor=1e300)").starts_with("attn_factor must be over 0: from 1e-12"));
  EXPECT_TRUE(error("longrope(long=[1, -1])").starts_with("short and long must hold numbers over"));
  EXPECT_TRUE(error("longrope(long=1)").starts_with("long must be a list of numbers"));
}

}  // namespace
}  // namespace fathom
