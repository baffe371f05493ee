// The language of --kv and --kv-split: what it says, what it prints back, and its errors.
#include "fathom/kv/kv_spec.h"

#include <string>

#include <gtest/gtest.h>

#include "fathom/kv/budget_split.h"

namespace fathom {
namespace {

std::string error_of(std::string_view text) {
  const auto parsed = parse_kv_spec(text);
  return parsed ? "none" : parsed.error().message;
}

TEST(KvSpec, TypesAndPolicyInAnyOrder) {
  for (const std::string_view text : {"k=q8, v=q4; h2o(budget=100)", "h2o(budget=100);v=q4,k=q8",
                                      " v = q4 , k = q8 ; h2o(budget=100) "}) {
    const auto spec = parse_kv_spec(text);
    ASSERT_TRUE(spec.ok()) << text << ": " << spec.error().message;
    EXPECT_EQ(spec->keys, KvType::q8);
    EXPECT_EQ(spec->values, KvType::q4);
    EXPECT_EQ(spec->spec(), "k=q8, v=q4; h2o(budget=100, recent=0.5)");
  }
}

TEST(KvSpec, WhatIsLeftOut) {
  const auto types = parse_kv_spec("q4");
  ASSERT_TRUE(types.ok());
  EXPECT_EQ(types->keys, KvType::q4);
  EXPECT_EQ(types->values, KvType::q4);
  EXPECT_EQ(types->spec(), "q4; keep");
  const auto policy = parse_kv_spec("streaming");
  ASSERT_TRUE(policy.ok());
  EXPECT_FALSE(policy->keys || policy->values);
  EXPECT_EQ(policy->spec(), "streaming(sinks=4, recent=1024)");
  const auto keys = parse_kv_spec("k=f16");
  ASSERT_TRUE(keys.ok());
  EXPECT_EQ(keys->spec(), "k=f16; keep");
}

TEST(KvSpec, EveryExampleReadsBack) {
  for (const PolicyPlugin* plugin : policies::all()) {
    ASSERT_FALSE(plugin->examples.empty()) << plugin->name;
    for (const std::string_view example : plugin->examples) {
      const auto spec = parse_kv_spec(example);
      ASSERT_TRUE(spec.ok()) << spec.error().message;
      EXPECT_TRUE(spec->spec().starts_with(plugin->name)) << spec->spec();
      const auto again = parse_kv_spec("q8; " + spec->spec());
      ASSERT_TRUE(again.ok()) << again.error().message;
      EXPECT_EQ(again->spec(), "q8; " + spec->spec());
    }
  }
}

TEST(KvSpec, BudgetsAreTokensOrAShare) {
  const auto budget_of = [](std::string_view text) {
    return parse_kv_spec(text)->policy->budget().value_or(KvBudget{});
  };
  EXPECT_EQ(budget_of("knorm(budget=4096)").of(100'000), 4096);
  EXPECT_EQ(budget_of("knorm(budget=0.1)").of(100'000), 9984) << "39 * 256";
  EXPECT_EQ(budget_of("knorm(budget=0.1)").of(5), 1);
  EXPECT_EQ(budget_of("knorm(budget=100000)").text(), "100000");
  for (const char* const wrong : {"0", "-1", "1.5", "1e300"})
    EXPECT_TRUE(error_of("knorm(budget=" + std::string(wrong) + ")").starts_with("budget must be"))
        << wrong;
}

TEST(KvSpec, ErrorsPointAtTheCharacter) {
  EXPECT_EQ(error_of("k=q8, v=q5"),
            "expected a type: one of f32, f16, bf16, q8, q4\n"
            "  k=q8, v=q5\n"
            "          ^");
  EXPECT_EQ(error_of("q8; q4"), "types are given twice\n  q8; q4\n      ^");
  EXPECT_EQ(error_of("k=q8, k=q4"), "k is given twice\n  k=q8, k=q4\n        ^");
  EXPECT_EQ(error_of("k=q8, w=q4"), "expected k=type or v=type\n  k=q8, w=q4\n        ^");
  EXPECT_EQ(error_of("keep; streaming"),
            "there is a policy already: keep\n  keep; streaming\n        ^");
  EXPECT_EQ(error_of("snapkv(budget=64, pool=4)"),
            "pool must be odd and at most 4096\n  snapkv(budget=64, pool=4)\n  ^");
  EXPECT_EQ(error_of("q8 keep"), "expected ';' or the end of the specification\n  q8 keep\n     ^");
  EXPECT_TRUE(error_of("q5").starts_with("'q5' is neither a type nor a policy: types are f32, "));
  EXPECT_TRUE(error_of("").starts_with("expected a type or a policy: "));
  EXPECT_TRUE(error_of("q8;").starts_with("expected a type or a policy: "));
  EXPECT_TRUE(error_of("h2o").starts_with("budget is missing"));
}

TEST(BudgetSplit, ReadsBack) {
  for (const std::string_view text : {"uniform", "pyramid(beta=20)", "pyramid(beta=1.5)",
                                      "adaptive(floor=0)", "adaptive(floor=1)"}) {
    const auto split = parse_budget_split(text);
    ASSERT_TRUE(split.ok()) << split.error().message;
    EXPECT_EQ(split->spec(), text);
  }
  EXPECT_EQ(parse_budget_split("pyramid")->spec(), "pyramid(beta=20)");
  EXPECT_EQ(parse_budget_split("adaptive()")->spec(), "adaptive(floor=0.2)");
  for (const std::string_view wrong :
       {"", "even", "pyramid(beta=1)", "adaptive(floor=1.1)", "adaptive(floor=-0.1)", "uniform x"})
    EXPECT_FALSE(parse_budget_split(wrong).ok()) << wrong;
}

// PyramidKV's own code: b = budget, bottom 2b - b / beta, top b / beta, equal steps between.
TEST(BudgetSplit, PyramidFallsInEqualSteps) {
  const BudgetSplit pyramid{.kind = BudgetSplit::Kind::pyramid, .beta = 20};
  EXPECT_EQ(pyramid.of_layers(5, 1000, 100'000), (std::vector<int64_t>{1950, 1475, 1000, 525, 50}));
  // Where the bottom has no tokens for its share, the top has more.
  EXPECT_EQ(pyramid.of_layers(5, 1000, 1200), (std::vector<int64_t>{1200, 1100, 1000, 900, 800}));
  EXPECT_EQ(pyramid.of_layers(5, 1000, 700), (std::vector<int64_t>(5, 700)));
}

TEST(BudgetSplit, NothingIsLostOrAdded) {
  for (const double beta : {1.01, 2.0, 7.0, 20.0, 1e9}) {
    const BudgetSplit pyramid{.kind = BudgetSplit::Kind::pyramid, .beta = beta};
    for (size_t layers = 1; layers < 40; layers += 3) {
      for (const int64_t budget : {1, 2, 63, 100, 819}) {
        for (const int64_t most : {1, 50, 150, 8192}) {
          int64_t sum = 0;
          for (const int64_t share : pyramid.of_layers(layers, budget, most)) {
            EXPECT_GE(share, 0);
            EXPECT_LE(share, most);
            sum += share;
          }
          EXPECT_EQ(sum, static_cast<int64_t>(layers) * std::min(budget, most));
        }
      }
    }
  }
}

}  // namespace
}  // namespace fathom
