// Caches that code whole blocks, drop tokens, and share blocks: whatever is done to them, a head
// holds the tokens that it should, as near to what was written as its types allow.
#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "fathom/kv/cache.h"

namespace fathom {
namespace {

constexpr size_t kDim = 64;
constexpr size_t kHeads = 2;
const std::vector<KvLayerShape> kShapes = {{kHeads, kDim}, {1, 80}};

// The row of a position: never the same twice.
std::vector<float> rows_of(size_t first, size_t count, size_t cols, uint32_t seed) {
  std::vector<float> rows;
  for (size_t p = first; p < first + count; ++p) {
    std::mt19937 random(static_cast<uint32_t>(p) * 2654435761u + seed);
    for (size_t i = 0; i < cols; ++i)
      rows.push_back(static_cast<float>(random() % 2001) / 1000 - 1);
  }
  return rows;
}

struct Case {
  KvFormat format;
  double error;  // of a value of magnitude 1
};

class KeptCache : public testing::TestWithParam<Case> {
 protected:
  KvCache make() const { return {kShapes, GetParam().format}; }

  void append(KvCache& cache, size_t count) {
    ASSERT_TRUE(cache.reserve(count).ok());
    for (size_t layer = 0; layer < kShapes.size(); ++layer) {
      const size_t cols = kShapes[layer].kv_heads * kShapes[layer].head_dim;
      const auto keys = rows_of(cache.tokens(), count, cols, 1);
      const auto values = rows_of(cache.tokens(), count, cols, 2);
      cache.write(pool_, layer, {keys.data(), count, cols}, {values.data(), count, cols});
    }
    cache.commit(pool_, count);
  }

  // `rounds`: how often a token may have been coded.
  void expect_holds(const KvCache& cache, size_t layer, size_t head,
                    std::span<const int64_t> positions, double rounds = 1) const {
    const auto held = cache.positions(layer, head);
    ASSERT_EQ(held.size(), positions.size());
    ASSERT_EQ(cache.slots(layer, head), positions.size());
    const size_t dim = kShapes[layer].head_dim;
    const size_t cols = kShapes[layer].kv_heads * dim;
    std::vector<float> keys(held.size() * dim), values(held.size() * dim);
    cache.read_keys(layer, head, {keys.data(), held.size(), dim});
    cache.read_values(layer, head, {values.data(), held.size(), dim});
    for (size_t slot = 0; slot < held.size(); ++slot) {
      ASSERT_EQ(held[slot].value, positions[slot]);
      const auto position = static_cast<size_t>(positions[slot]);
      const auto key = rows_of(position, 1, cols, 1);
      const auto value = rows_of(position, 1, cols, 2);
      for (size_t i = 0; i < dim; ++i) {
        ASSERT_NEAR(keys[slot * dim + i], key[head * dim + i], rounds * GetParam().error)
            << slot << ' ' << i;
        ASSERT_NEAR(values[slot * dim + i], value[head * dim + i], rounds * GetParam().error)
            << slot << ' ' << i;
      }
    }
  }
  void expect_whole(const KvCache& cache, size_t tokens, double rounds = 1) const {
    std::vector<int64_t> all(tokens);
    for (size_t i = 0; i < tokens; ++i) all[i] = static_cast<int64_t>(i);
    for (size_t layer = 0; layer < kShapes.size(); ++layer)
      for (size_t head = 0; head < kShapes[layer].kv_heads; ++head)
        expect_holds(cache, layer, head, all, rounds);
  }

  ThreadPool pool_{2};
};

TEST_P(KeptCache, HoldsWhatWasWritten) {
  KvCache cache = make();
  size_t tokens = 0;
  for (const size_t count : {1, 63, 1, 130, 64, 200, 5}) {
    append(cache, count);
    tokens += count;
    expect_whole(cache, tokens);
  }
}

TEST_P(KeptCache, CodesWholeBlocksButTheFirst) {
  KvCache cache = make();
  append(cache, 200);
  const KvHeadView view = cache.view(0)[1];
  if (!GetParam().format.coded()) {
    EXPECT_EQ(view.coded, nullptr);
    return;
  }
  const std::vector<int> coded(view.coded, view.coded + 4);
  EXPECT_EQ(coded, (std::vector<int>{0, 1, 1, 0}));
}

TEST_P(KeptCache, CodesLaterIfTold) {
  KvCache cache = make();
  cache.set_coding(false);
  append(cache, 200);
  if (GetParam().format.coded()) {
    EXPECT_EQ(cache.view(0)[0].coded[1], 0);
  }
  cache.settle(pool_);
  if (GetParam().format.coded()) {
    EXPECT_EQ(cache.view(0)[0].coded[1], 1);
  }
  expect_whole(cache, 200);
}

TEST_P(KeptCache, CutWithinACodedBlockGoesOn) {
  for (const size_t kept : {0, 1, 64, 100, 128, 190}) {
    SCOPED_TRACE(kept);
    KvCache cache = make();
    append(cache, 250);
    cache.truncate(kept);
    expect_whole(cache, kept);
    append(cache, 150);
    expect_whole(cache, kept + 150, 2);
  }
}

// Random subsets, head by head, time and again, with tokens appended between.
TEST_P(KeptCache, KeepsWhatItIsToldTo) {
  std::mt19937 random(7);
  KvCache cache = make();
  cache.set_coding(false);
  std::map<std::pair<size_t, size_t>, std::vector<int64_t>> expected;
  const double rounds = GetParam().format.operand == Operand::int8 ? 3 : 1;  // rounded as they move
  for (int round = 0; round < 12; ++round) {
    const size_t before = cache.tokens();
    const size_t count = 1 + random() % 150;
    append(cache, count);
    for (size_t layer = 0; layer < kShapes.size(); ++layer) {
      for (size_t head = 0; head < kShapes[layer].kv_heads; ++head) {
        std::vector<int64_t>& held = expected[{layer, head}];
        for (size_t i = 0; i < count; ++i) held.push_back(static_cast<int64_t>(before + i));
        expect_holds(cache, layer, head, held, rounds);
        const uint32_t one_in = 1 + random() % 4;
        std::vector<uint32_t> slots;
        std::vector<int64_t> left;
        for (uint32_t slot = 0; slot < held.size(); ++slot) {
          if (slot >= 64 && random() % (one_in + 1) == 0) continue;
          slots.push_back(slot);
          left.push_back(held[slot]);
        }
        cache.keep(pool_, layer, head, slots);
        held = left;
        expect_holds(cache, layer, head, held, rounds);
      }
    }
  }
  cache.settle(pool_);
  for (const auto& [at, held] : expected) expect_holds(cache, at.first, at.second, held, rounds);
}

TEST_P(KeptCache, WhatWasCodedStaysSoWhereverItMoves) {
  KvCache cache = make();
  append(cache, 400);
  std::vector<uint32_t> slots;
  std::vector<int64_t> left;
  for (uint32_t slot = 0; slot < 400; ++slot) {
    if (slot > 70 && slot % 9 == 0) continue;
    slots.push_back(slot);
    left.push_back(slot);
  }
  cache.keep(pool_, 0, 1, slots);
  if (GetParam().format.coded()) {
    const KvHeadView view = cache.view(0)[1];
    const std::vector<int> coded(view.coded, view.coded + 6);
    EXPECT_EQ(coded, (std::vector<int>{0, 1, 1, 1, 1, 0}));
  }
  expect_holds(cache, 0, 1, left, 2);
}

TEST_P(KeptCache, DroppingFreesMemory) {
  KvCache cache = make();
  while (cache.tokens() < 40'000) append(cache, 500);
  const size_t full = cache.bytes();
  std::vector<uint32_t> slots;
  for (uint32_t slot = 36'032; slot < 40'000; ++slot) slots.push_back(slot);
  for (size_t layer = 0; layer < kShapes.size(); ++layer)
    for (size_t head = 0; head < kShapes[layer].kv_heads; ++head)
      cache.keep(pool_, layer, head, slots);
  EXPECT_EQ(cache.bytes(), full) << "blocks are free, and their slabs at the next step";
  append(cache, 64);
  cache.truncate(cache.tokens());
  EXPECT_LT(cache.bytes(), full / 2) << "a tenth, and what is left of slabs";
}

TEST_P(KeptCache, ForksShareUntilTheyDiffer) {
  KvCache cache = make();
  append(cache, 220);
  const size_t bytes = cache.bytes();
  {
    KvCache fork = cache.fork();
    EXPECT_EQ(fork.bytes(), bytes);
    EXPECT_EQ(fork.view(0)[0].key_blocks[1], cache.view(0)[0].key_blocks[1]);
    append(fork, 100);  // its own last block from here on
    expect_whole(fork, 320, 2);
    expect_whole(cache, 220);
    EXPECT_NE(fork.view(0)[0].key_blocks[3], cache.view(0)[0].key_blocks[3]);
    std::vector<uint32_t> slots;
    for (uint32_t slot = 0; slot < 320; slot += 2) slots.push_back(slot);
    fork.keep(pool_, 0, 1, slots);
    expect_whole(cache, 220);
    append(cache, 30);
    expect_whole(cache, 250, 2);
    EXPECT_EQ(fork.slots(0, 1), 160u);
  }
  expect_whole(cache, 250, 2);
  KvCache survivor = cache.fork();
  cache.truncate(0);
  expect_whole(survivor, 250, 2);
}

TEST_P(KeptCache, IsMadeAnewOfItsBlocks) {
  KvCache cache = make();
  append(cache, 300);
  std::vector<uint32_t> slots;
  for (uint32_t slot = 64; slot < 300; ++slot) slots.push_back(slot);
  cache.keep(pool_, 1, 0, slots);
  KvCache copy = make();
  std::vector<std::vector<Position>> positions;
  for (size_t layer = 0; layer < kShapes.size(); ++layer) {
    for (size_t head = 0; head < kShapes[layer].kv_heads; ++head) {
      const auto held = cache.positions(layer, head);
      positions.emplace_back(held.begin(), held.end());
      for (size_t b = 0; b < cache.blocks(layer, head); ++b) {
        const KvBlock from = cache.block(layer, head, b);
        const KvBlock to = copy.add_block(layer, head, from.coded);
        ASSERT_EQ(from.keys.size(), to.keys.size());
        std::ranges::copy(from.keys, to.keys.begin());
        std::ranges::copy(from.values, to.values.begin());
      }
    }
  }
  copy.restore(300, positions);
  ASSERT_EQ(copy.tokens(), 300u);
  append(copy, 100);
  append(cache, 100);
  for (size_t layer = 0; layer < kShapes.size(); ++layer) {
    for (size_t head = 0; head < kShapes[layer].kv_heads; ++head) {
      std::vector<int64_t> held;
      for (const Position position : cache.positions(layer, head)) held.push_back(position.value);
      expect_holds(copy, layer, head, held, 2);
    }
  }
}

// Values lie within [-1, 1]. bf16 keeps 8 bits of them; coded ones are off by half a step (2 / 15,
// 2 / 127), and by what rounds their low and step to bf16 and the plain block before them.
const Case kCases[] = {
    {KvFormat{Operand::bf16}, 0x1p-8},
    {KvFormat{Operand::f32}, 0},
    {KvFormat{Operand::int8}, 0.02},
    {KvFormat{.operand = Operand::f32, .keys = KvType::f16, .values = KvType::bf16}, 0x1p-8},
    {KvFormat{.operand = Operand::bf16, .keys = KvType::q8, .values = KvType::q4}, 0.09},
    {KvFormat{.operand = Operand::bf16, .keys = KvType::q4, .values = KvType::q8}, 0.09},
    {KvFormat{.operand = Operand::bf16, .keys = KvType::bf16, .values = KvType::q8}, 0.02},
    {KvFormat{.operand = Operand::f32, .keys = KvType::q4, .values = KvType::q4}, 0.09},
    {KvFormat{.operand = Operand::int8, .keys = KvType::bf16, .values = KvType::q8}, 0.02},
};
INSTANTIATE_TEST_SUITE_P(Formats, KeptCache, testing::ValuesIn(kCases), [](const auto& test) {
  const KvFormat& format = test.param.format;
  return std::string(name(format.operand)) + "_k" + std::string(name(format.keys)) + "_v" +
         std::string(name(format.values));
});

}  // namespace
}  // namespace fathom
