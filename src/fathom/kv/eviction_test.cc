// What is kept: budgets and protected tokens for every policy, memory, coded blocks.
#include "fathom/kv/eviction.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "fathom/kv/test_text.h"

namespace fathom {
namespace {

// Tokens that a head may hold beyond a small budget while decoding: layers take turns.
const size_t kDecodingRoom = kBlock + kShapes.size();
constexpr int64_t kWhole = 370;  // tokens, those that are generated included

// After a step, a layer's heads hold their share of the budget, and the newest tokens among it.
void expect_budget(const Text& text, const Policy& policy, const BudgetSplit& split, size_t room) {
  const auto tokens = static_cast<int64_t>(text.cache.tokens());
  const int64_t budget = policy.budget().value_or(KvBudget{}).of(std::max<int64_t>(tokens, kWhole));
  const std::vector<int64_t> shares = split.of_layers(kShapes.size(), budget, tokens);
  for (size_t layer = 0; layer < kShapes.size(); ++layer) {
    const size_t heads = kShapes[layer].kv_heads;
    size_t held = 0;
    for (size_t h = 0; h < heads; ++h) {
      held += text.cache.slots(layer, h);
      const auto positions = text.cache.positions(layer, h);
      if (split.kind == BudgetSplit::Kind::uniform) {
        EXPECT_LE(positions.size(), static_cast<size_t>(shares[layer]) + room);
      }
      const auto recent = std::min(policy.recent(shares[layer]), shares[layer]);
      const auto part = static_cast<int64_t>(static_cast<double>(recent) * split.even_part());
      for (int64_t i = 1; i <= part; ++i)
        ASSERT_EQ(positions[positions.size() - static_cast<size_t>(i)].value, tokens - i);
    }
    EXPECT_GE(held, heads * static_cast<size_t>(shares[layer]));
    EXPECT_LE(held, heads * (static_cast<size_t>(shares[layer]) + room));
  }
}

void expect_reach(const Text& text, const KvReach& reach) {
  const auto tokens = static_cast<int64_t>(text.cache.tokens());
  const auto most = static_cast<size_t>(reach.sinks + reach.recent) + 2 * kBlock;
  for (size_t layer = 0; layer < kShapes.size(); ++layer) {
    for (size_t h = 0; h < kShapes[layer].kv_heads; ++h) {
      const auto held = text.cache.positions(layer, h);
      EXPECT_LE(held.size(), most);
      for (int64_t p = 0; p < tokens; ++p) {
        const bool seen = p < reach.sinks || tokens - p < reach.recent;
        ASSERT_TRUE(!seen || std::ranges::binary_search(held, Position{p}))
            << p << " of " << tokens;
      }
    }
  }
}

std::vector<std::string> examples() {
  std::vector<std::string> all;
  for (const PolicyPlugin* plugin : policies::all())
    for (const std::string_view example : plugin->examples) all.emplace_back(example);
  return all;
}

void expect_kept(const Text& text, const Policy& policy, const BudgetSplit& split, size_t room) {
  if (const auto reach = policy.reach()) return expect_reach(text, *reach);
  if (policy.budget()) return expect_budget(text, policy, split, room);
  for (size_t layer = 0; layer < kShapes.size(); ++layer) EXPECT_TRUE(text.cache.whole(layer));
}

TEST(Eviction, EveryPolicyKeepsToItsBudget) {
  for (const std::string& example : examples()) {
    for (const char* const split : {"uniform", "pyramid(beta=3)", "adaptive(floor=0.3)"}) {
      SCOPED_TRACE(example + ", " + split);
      const PolicyPtr policy = policy_of(example);
      Text text(policy, split_of(split));
      text.eviction.expect(kWhole);
      while (text.cache.tokens() < 300) {
        ASSERT_NO_FATAL_FAILURE(text.step(1 + text.random() % 150));
        ASSERT_NO_FATAL_FAILURE(expect_kept(text, *policy, split_of(split), 0));
      }
      if (!policy->while_decoding()) continue;
      while (std::cmp_less(text.cache.tokens(), kWhole)) {
        ASSERT_NO_FATAL_FAILURE(text.step(1, true));
        ASSERT_NO_FATAL_FAILURE(expect_kept(text, *policy, split_of(split), kDecodingRoom));
      }
    }
  }
}

TEST(Eviction, SharedLayersKeepTheSameTokens) {
  Text text(policy_of("tova(budget=50)"), split_of("adaptive"));
  ASSERT_NO_FATAL_FAILURE(text.read(500, 100));
  for (size_t layer = 0; layer < kShapes.size(); ++layer)
    for (size_t h = 1; h < kShapes[layer].kv_heads; ++h)
      EXPECT_TRUE(
          std::ranges::equal(text.cache.positions(layer, h), text.cache.positions(layer, 0)));
}

TEST(Eviction, HeadsOfALayerShareByTheirScores) {
  Text text(policy_of("h2o(budget=50, recent=4)"), split_of("adaptive(floor=0)"));
  ASSERT_NO_FATAL_FAILURE(text.read(500, 100));
  EXPECT_NE(text.cache.slots(2, 0), text.cache.slots(2, 1));
  EXPECT_EQ(text.cache.slots(2, 0) + text.cache.slots(2, 1) + text.cache.slots(2, 2), 150u);
}

TEST(Eviction, WhatIsGeneratedAfterSnapkvStays) {
  Text text(policy_of("snapkv(budget=100)"), {});
  ASSERT_NO_FATAL_FAILURE(text.read(300, 100));
  for (int i = 0; i < 150; ++i) ASSERT_NO_FATAL_FAILURE(text.step(1, true));
  EXPECT_EQ(text.cache.slots(0, 0), 250u);
}

// The same tokens, whatever the number of threads.
TEST(Eviction, IsTheSameOnAnyNumberOfThreads) {
  std::vector<std::vector<Position>> kept[2];
  for (const size_t threads : {1, 3}) {
    Text text(policy_of("snapkv(budget=100, window=16)"), split_of("adaptive"));
    ThreadPool pool(threads);
    text.compute.pool = &pool;
    ASSERT_NO_FATAL_FAILURE(text.read(400, 100));
    for (size_t h = 0; h < 3; ++h) {
      const auto held = text.cache.positions(2, h);
      kept[threads / 3].emplace_back(held.begin(), held.end());
    }
  }
  EXPECT_EQ(kept[0], kept[1]);
}

// However long the text, cache and statistics take what the budget and one step take.
TEST(Eviction, MemoryIsBounded) {
  for (const char* const spec : {"h2o(budget=100)", "snapkv(budget=100, window=16)",
                                 "knorm(budget=100)", "streaming(recent=100)"}) {
    Text text(policy_of(spec), {});
    ASSERT_NO_FATAL_FAILURE(text.read(600, 100));
    const size_t cache = text.cache.bytes();
    const size_t statistics = text.eviction.bytes();
    ASSERT_NO_FATAL_FAILURE(text.read(1800, 100));
    // Blocks are taken ahead as steps vary.
    EXPECT_LE(text.cache.bytes(), cache + cache / 4) << spec;
    EXPECT_LE(text.eviction.bytes(), statistics + statistics / 2) << spec;
  }
}

TEST(Eviction, TraceTellsWhatIsKept) {
  Text text(policy_of("knorm(budget=50)"), {});
  std::map<std::pair<size_t, size_t>, std::vector<Position>> seen;
  text.eviction.set_trace([&](size_t layer, size_t head, std::span<const Position> kept) {
    seen[{layer, head}] = {kept.begin(), kept.end()};
  });
  ASSERT_NO_FATAL_FAILURE(text.read(300, 100));
  EXPECT_EQ(seen.size(), 7u);
  for (const auto& [head, kept] : seen)
    EXPECT_TRUE(std::ranges::equal(kept, text.cache.positions(head.first, head.second)));
  EXPECT_EQ(text.eviction.evicted(), 7 * 250u);
}

// While decoding a large budget is exceeded by a sixteenth, and no step drops tokens of two layers.
TEST(Eviction, LayersTakeTurnsWhileDecoding) {
  constexpr size_t kBudget = 1600;
  Text text(policy_of("h2o(budget=1600)"), {});
  size_t layers = 0;
  size_t most = 0;
  text.eviction.set_trace([&](size_t, size_t kv_head, auto) { layers += kv_head == 0 ? 1 : 0; });
  ASSERT_NO_FATAL_FAILURE(text.read(1650, 300));
  size_t dropped = 0;
  for (int i = 0; i < 250; ++i) {
    layers = 0;
    ASSERT_NO_FATAL_FAILURE(text.step(1, true));
    ASSERT_LE(layers, 1u);
    dropped += layers;
    for (size_t layer = 0; layer < kShapes.size(); ++layer)
      for (size_t h = 0; h < kShapes[layer].kv_heads; ++h)
        most = std::max(most, text.cache.slots(layer, h));
  }
  EXPECT_EQ(dropped, 6u);
  EXPECT_GE(most, kBudget + kBudget / 16);
  EXPECT_LE(most, kBudget + kBudget / 16 + kShapes.size());
}

// Coded blocks are read, and coded anew where they are written anew.
TEST(Eviction, OfCodedBlocks) {
  for (const char* const spec :
       {"h2o(budget=200)", "expected(budget=200, queries=9)", "keydiff(budget=200)"}) {
    const PolicyPtr policy = policy_of(spec);
    Text text(policy, {}, {Operand::bf16, KvType::q4, KvType::q8});
    text.cache.set_coding(false);
    ASSERT_NO_FATAL_FAILURE(text.read(500, 100));
    text.cache.settle(text.pool);
    ASSERT_NE(text.cache.view(0)[0].coded, nullptr);
    for (int i = 0; i < 200; ++i) {
      ASSERT_NO_FATAL_FAILURE(text.step(1, true));
      ASSERT_NO_FATAL_FAILURE(expect_budget(text, *policy, {}, kDecodingRoom));
    }
  }
}

}  // namespace
}  // namespace fathom
