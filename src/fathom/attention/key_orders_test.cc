// Orders of keys, key by key: what each header promises, counted one by one.
#include "fathom/attention/key_orders.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace fathom {
namespace {

struct Named {
  KeyOrderPtr order;
  bool (*has)(int64_t key);
  int64_t (*lane)(int64_t key);
};

constexpr int64_t only_lane(int64_t) { return 0; }

std::vector<Named> orders() {
  const auto all = [](int64_t) { return true; };
  return {
      {residue_lanes(1), all, only_lane},
      {residue_lanes(2), all, [](int64_t k) { return k % 2; }},
      {residue_lanes(64), all, [](int64_t k) { return k % 64; }},
      {residue_lanes(1000), all, [](int64_t k) { return k % 1000; }},
      {residue_subset(1, 0, 1), all, only_lane},
      {residue_subset(7, 0, 1), [](int64_t k) { return k % 7 == 0; }, only_lane},
      {residue_subset(7, 6, 1), [](int64_t k) { return k % 7 == 6; }, only_lane},
      {residue_subset(10, 3, 5), [](int64_t k) { return k % 10 >= 3 && k % 10 < 8; }, only_lane},
      {residue_subset(64, 60, 4), [](int64_t k) { return k % 64 >= 60; }, only_lane},
      {residue_subset(5, 0, 5), all, only_lane},
      {listed_keys({}), [](int64_t) { return false; }, only_lane},
      {listed_keys({0}), [](int64_t k) { return k == 0; }, only_lane},
      {listed_keys({5, 64, 65, 299}),
       [](int64_t k) { return k == 5 || k == 64 || k == 65 || k == 299; }, only_lane},
  };
}

// A lane's keys stand one after another as the text has them.
TEST(KeyOrders, PlaceEachKeyAfterThoseBeforeIt) {
  for (const auto& [order, has, lane] : orders()) {
    std::vector<int64_t> counts(static_cast<size_t>(order->lanes()));
    for (int64_t k = 0; k < 300; ++k) {
      SCOPED_TRACE(testing::Message() << order->name() << ", key " << k);
      const auto place = order->place({k});
      ASSERT_EQ(place.has_value(), has(k));
      if (!place) continue;
      ASSERT_EQ(place->lane, lane(k));
      ASSERT_EQ(place->index, counts[static_cast<size_t>(place->lane)]++);
      ASSERT_EQ(order->key_at(*place), Position{k});
    }
  }
}

TEST(KeyOrders, CountTheKeysBeforeAPosition) {
  for (const auto& [order, has, lane] : orders()) {
    std::vector<int64_t> counts(static_cast<size_t>(order->lanes()));
    for (int64_t end = 0; end < 300; ++end) {
      for (size_t l = 0; l < counts.size(); ++l)
        ASSERT_EQ(order->count(static_cast<int64_t>(l), {end}), counts[l])
            << order->name() << ", lane " << l << ", before " << end;
      if (has(end)) ++counts[static_cast<size_t>(lane(end))];
    }
  }
}

// A query looks where its own key would be, if the order has lanes to choose from.
TEST(KeyOrders, QueriesLookAtTheLaneOfTheirResidue) {
  for (const auto& [order, has, lane] : orders())
    for (int64_t q = 0; q < 300; ++q) EXPECT_EQ(order->lane_of({q}), lane(q)) << order->name();
}

TEST(KeyOrders, HoldFarAway) {
  for (const auto& [order, has, lane] : orders()) {
    for (const int64_t k : {int64_t{1} << 40, (int64_t{1} << 40) + 63, (int64_t{1} << 40) + 995}) {
      const auto place = order->place({k});
      if (!place) continue;
      EXPECT_EQ(order->key_at(*place), Position{k}) << order->name();
      EXPECT_EQ(order->count(place->lane, {k}), place->index) << order->name();
      EXPECT_EQ(order->count(place->lane, {k + 1}), place->index + 1) << order->name();
    }
  }
}

// Blocks of different lanes never share a number, so that all of them can grow.
TEST(KeyOrders, NumberEachBlockOfEachLaneOnce) {
  for (const auto& [order, has, lane] : orders()) {
    std::set<int64_t> numbers;
    for (int64_t l = 0; l < order->lanes(); ++l)
      for (int64_t block = 0; block < 5; ++block)
        EXPECT_TRUE(numbers.insert(order->block_number(l, block)).second) << order->name();
    EXPECT_EQ(*numbers.rbegin(), 5 * order->lanes() - 1) << "none is left out";
  }
}

TEST(KeyOrders, HaveANameEach) {
  std::set<std::string> names;
  for (const auto& [order, has, lane] : orders()) names.insert(order->name());
  EXPECT_EQ(names.size(), orders().size());
  EXPECT_EQ(residue_subset(10, 3, 5)->name(), residue_subset(10, 3, 5)->name());
}

// Lanes of two blocks each at least, or as many as a small text may have.
TEST(KeyOrders, AreWorthTheirMemoryWhereLanesFillBlocks) {
  EXPECT_TRUE(worth_lanes(64, 100));
  EXPECT_FALSE(worth_lanes(65, 100));
  EXPECT_TRUE(worth_lanes(500, 64'000));
  EXPECT_FALSE(worth_lanes(501, 64'000));
}

}  // namespace
}  // namespace fathom
