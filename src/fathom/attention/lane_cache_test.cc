// What a copy of keys in another order holds, byte by byte, whatever the calls that filled it.
#include "fathom/attention/lane_cache.h"

#include <cstring>
#include <random>
#include <span>
#include <vector>

#include <gtest/gtest.h>

#include "fathom/attention/key_orders.h"
#include "fathom/kernels/panel.h"

namespace fathom {
namespace {

constexpr size_t kKvHeads = 2;
constexpr size_t kHeadDim = 48;
constexpr size_t kWidth = kKvHeads * kHeadDim;
constexpr size_t kTokens = 700;

using Places = std::vector<std::optional<KeyOrder::Place>>;

// Keys, or values, of a text.
std::vector<float> random_rows(uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> rows(kTokens * kWidth);
  for (float& x : rows) x = normal(random);
  return rows;
}

Places places_of(const KeyOrder& order) {
  Places places;
  for (int64_t key = 0; key < int64_t{kTokens}; ++key) places.push_back(order.place({key}));
  return places;
}

// Each key in a lane at random, or in none.
Places random_places(int64_t lanes, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<int64_t> counts(static_cast<size_t>(lanes));
  Places places;
  for (size_t key = 0; key < kTokens; ++key) {
    const auto lane = static_cast<int64_t>(random() % static_cast<size_t>(lanes + 1));
    if (lane == lanes) {
      places.emplace_back();
    } else {
      places.push_back(KeyOrder::Place{lane, counts[static_cast<size_t>(lane)]++});
    }
  }
  return places;
}

// Token counts of calls; those of 16 and more share out their work.
constexpr size_t kCalls[] = {1, 2, 15, 16, 17, 64, 100, 3, 230, 252};

// One call after another: begin, count.
template <class Append>
void in_calls(const Append& append) {
  size_t begin = 0;
  for (const size_t count : kCalls) {
    append(begin, count);
    begin += count;
  }
  ASSERT_EQ(begin, kTokens);
}

// The bytes of a block whose slots hold these tokens' rows of one head; SIZE_MAX: nothing.
std::vector<std::byte> packed(Operand operand, bool values, const std::vector<float>& rows,
                              size_t head, std::span<const size_t> tokens) {
  std::vector<std::byte> block(values ? value_block_bytes(operand, kHeadDim)
                                      : key_block_bytes(operand, kHeadDim));
  for (size_t slot = 0; slot < tokens.size(); ++slot) {
    if (tokens[slot] == SIZE_MAX) continue;
    const ConstMatrix<float> row(rows.data() + tokens[slot] * kWidth + head * kHeadDim, 1,
                                 kHeadDim);
    if (values) {
      pack_values(operand, row, slot, block.data());
    } else {
      pack_keys(operand, row, slot, block.data());
    }
  }
  return block;
}

// Which token lies in each slot of a lane's blocks.
std::vector<size_t> tokens_of_lane(const Places& places, int64_t lane) {
  std::vector<size_t> tokens;
  for (size_t token = 0; token < places.size(); ++token) {
    const auto& place = places[token];
    if (place && place->lane == lane) tokens.push_back(token);
  }
  tokens.resize((tokens.size() + kBlock - 1) / kBlock * kBlock, SIZE_MAX);
  return tokens;
}

void expect_holds(const LaneCache& cache, size_t head, int64_t lanes, const Places& places,
                  const std::vector<float>& keys, const std::vector<float>& values) {
  const KvHeadView view = cache.view(head);
  for (int64_t lane = 0; lane < lanes; ++lane) {
    const std::vector<size_t> tokens = tokens_of_lane(places, lane);
    for (size_t first = 0; first < tokens.size(); first += kBlock) {
      const size_t block = first / kBlock * static_cast<size_t>(lanes) + static_cast<size_t>(lane);
      const auto held = std::span(tokens).subspan(first, kBlock);
      const auto want_keys = packed(cache.operand(), false, keys, head, held);
      const auto want_values = packed(cache.operand(), true, values, head, held);
      ASSERT_EQ(std::memcmp(view.key_blocks[block], want_keys.data(), want_keys.size()), 0)
          << "keys of head " << head << ", lane " << lane << ", block " << first / kBlock;
      ASSERT_EQ(std::memcmp(view.value_blocks[block], want_values.data(), want_values.size()), 0)
          << "values of head " << head << ", lane " << lane << ", block " << first / kBlock;
    }
  }
}

ConstMatrix<float> rows_at(const std::vector<float>& rows, size_t begin, size_t count) {
  return {rows.data() + begin * kWidth, count, kWidth};
}

TEST(LaneCache, HoldsEachKeyAtItsPlace) {
  ThreadPool pool(2);
  const std::vector<float> keys = random_rows(1);
  const std::vector<float> values = random_rows(2);
  for (const KeyOrderPtr& order : {residue_lanes(1), residue_lanes(3), residue_lanes(130),
                                   residue_subset(9, 4, 2), listed_keys({5, 6, 70, 699})}) {
    for (const Operand operand : {Operand::bf16, Operand::f32, Operand::int8}) {
      SCOPED_TRACE(testing::Message() << order->name() << " in " << name(operand));
      const Places places = places_of(*order);
      LaneCache cache(static_cast<size_t>(order->lanes()), kKvHeads, kHeadDim, operand);
      EXPECT_EQ(cache.operand(), operand == Operand::int8 ? Operand::bf16 : operand);
      EXPECT_EQ(cache.view(0).biases, nullptr);
      in_calls([&](size_t begin, size_t count) {
        cache.append(pool, LaneCache::Places(places).subspan(begin, count),
                     rows_at(keys, begin, count), rows_at(values, begin, count));
      });
      for (size_t head = 0; head < kKvHeads; ++head)
        ASSERT_NO_FATAL_FAILURE(expect_holds(cache, head, order->lanes(), places, keys, values));
    }
  }
}

TEST(LaneCache, HeadsMayHavePlacesOfTheirOwn) {
  ThreadPool pool(2);
  const std::vector<float> keys = random_rows(3);
  const std::vector<float> values = random_rows(4);
  const Places places[kKvHeads] = {random_places(5, 1), random_places(5, 2)};
  LaneCache cache(5, kKvHeads, kHeadDim, Operand::bf16);
  in_calls([&](size_t begin, size_t count) {
    std::vector<LaneCache::Places> of_head;
    for (const Places& all : places)
      of_head.push_back(LaneCache::Places(all).subspan(begin, count));
    cache.append(pool, of_head, rows_at(keys, begin, count), rows_at(values, begin, count));
  });
  for (size_t head = 0; head < kKvHeads; ++head)
    ASSERT_NO_FATAL_FAILURE(expect_holds(cache, head, 5, places[head], keys, values));
}

TEST(LaneCache, BiasesLieBesideTheirKeys) {
  ThreadPool pool(1);
  const std::vector<float> rows = random_rows(5);
  const Places places = random_places(3, 3);
  LaneCache cache(3, kKvHeads, kHeadDim, Operand::f32);
  std::vector<float> biases(kTokens);
  for (size_t i = 0; i < kTokens; ++i) biases[i] = static_cast<float>(i + 1);
  in_calls([&](size_t begin, size_t count) {
    cache.append(pool, LaneCache::Places(places).subspan(begin, count), rows_at(rows, begin, count),
                 rows_at(rows, begin, count), std::span(biases).subspan(begin, count));
  });
  for (size_t head = 0; head < kKvHeads; ++head) {
    ASSERT_NO_FATAL_FAILURE(expect_holds(cache, head, 3, places, rows, rows));
    for (size_t i = 0; i < kTokens; ++i) {
      const auto& place = places[i];
      if (!place) continue;
      const auto index = static_cast<size_t>(place->index);
      const size_t block = index / kBlock * 3 + static_cast<size_t>(place->lane);
      ASSERT_EQ(cache.view(head).biases[block][index % kBlock], biases[i]) << "key " << i;
    }
  }
}

// What no plan needs any more is given back, and memory does not grow with the text.
TEST(LaneCache, ForgetsWholeBlocksOfOneLane) {
  ThreadPool pool(1);
  const std::vector<float> keys = random_rows(6);
  const std::vector<float> values = random_rows(7);
  const KeyOrderPtr order = residue_lanes(2);
  const Places places = places_of(*order);
  LaneCache cache(2, kKvHeads, kHeadDim, Operand::bf16);
  const auto append = [&](size_t begin, size_t count) {
    cache.append(pool, LaneCache::Places(places).subspan(begin, count), rows_at(keys, begin, count),
                 rows_at(values, begin, count));
  };
  append(0, 500);                      // 250 keys a lane: 4 blocks
  cache.forget(0, 1, 2 * kBlock + 5);  // of the odd lane, two whole blocks
  cache.forget(0, 1, 2 * kBlock + 5);  // again: they are gone
  cache.forget(0, 0, kBlock - 1);      // none is whole
  const KvHeadView view = cache.view(0);
  for (size_t block = 0; block < 8; ++block)
    EXPECT_EQ(view.key_blocks[block] == nullptr, block == 1 || block == 3) << block;
  EXPECT_NE(cache.view(1).key_blocks[1], nullptr) << "the other head keeps its own";
  append(500, 200);  // takes up what was given back, as empty as a new block
  for (const int64_t lane : {0, 1}) {
    const std::vector<size_t> tokens = tokens_of_lane(places, lane);
    for (size_t block = lane == 0 ? 0 : 2; block < tokens.size() / kBlock; ++block) {
      const auto want =
          packed(Operand::bf16, false, keys, 0, std::span(tokens).subspan(block * kBlock, kBlock));
      EXPECT_EQ(std::memcmp(cache.view(0).key_blocks[2 * block + static_cast<size_t>(lane)],
                            want.data(), want.size()),
                0)
          << "lane " << lane << ", block " << block;
    }
  }
}

TEST(LaneCache, DoesNotGrowWhereItForgets) {
  ThreadPool pool(1);
  const std::vector<float> rows = random_rows(8);
  const auto bytes_after = [&](size_t repeats, bool forgets) {
    LaneCache cache(1, kKvHeads, kHeadDim, Operand::f32);
    int64_t next = 0;
    for (size_t i = 0; i < repeats; ++i) {
      Places places;
      for (size_t j = 0; j < kTokens; ++j) places.push_back(KeyOrder::Place{0, next++});
      cache.append(pool, places, rows_at(rows, 0, kTokens), rows_at(rows, 0, kTokens));
      for (size_t head = 0; forgets && head < kKvHeads; ++head)
        cache.forget(head, 0, next - 2 * int64_t{kBlock});
    }
    return cache.bytes();
  };
  const size_t keys = 30 * kTokens;
  EXPECT_GE(bytes_after(30, false), keys * kWidth * 2 * sizeof(float));
  EXPECT_EQ(bytes_after(30, true), bytes_after(3, true));
}

}  // namespace
}  // namespace fathom
