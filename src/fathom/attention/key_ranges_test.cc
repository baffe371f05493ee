#include "fathom/attention/key_ranges.h"

#include <random>

#include <gtest/gtest.h>

namespace fathom {
namespace {

constexpr int64_t kFirst = 70;  // the call's queries
constexpr int64_t kEnd = 140;

// Queries [70, 90), [90, 91) and [91, 140), each with a few ranges that may touch, overlap or be
// empty.
std::vector<SharedRanges> random_shares(std::mt19937& random) {
  std::vector<SharedRanges> shares = {
      {{{kFirst}, {90}}, {}}, {{{90}, {91}}, {}}, {{{91}, {kEnd}}, {}}};
  for (SharedRanges& share : shares) {
    for (uint32_t i = random() % 6; i > 0; --i) {
      const auto begin = static_cast<int64_t>(random() % 80);
      share.keys.push_back({{begin}, {begin + static_cast<int64_t>(random() % 20)}});
    }
  }
  return shares;
}

bool defined(const std::vector<SharedRanges>& shares, int64_t newest, int64_t q, int64_t k) {
  if (q - k < newest) return true;
  for (const SharedRanges& share : shares) {
    if (q < share.queries.begin.value || q >= share.queries.end.value) continue;
    for (const PositionRange& range : share.keys)
      if (range.begin.value <= k && k < range.end.value) return true;
  }
  return false;
}

TEST(KeyRanges, SeeWhatTheyListAndTheNewest) {
  std::mt19937 random(1);
  for (const int64_t newest : {1, 9, 30, 1000}) {
    const std::vector<SharedRanges> shares = random_shares(random);
    const PatternPtr pattern = key_ranges(shares, newest, "listed");
    for (int64_t q = kFirst; q < kEnd; ++q)
      for (int64_t k = 0; k < kEnd; ++k)
        ASSERT_EQ(pattern->sees({q}, {k}), defined(shares, newest, q, k)) << q << ", " << k;
    EXPECT_EQ(pattern->spec(), "listed");
  }
}

// Of rectangles within one share bounds are exact; over several they keep their promises.
TEST(KeyRanges, BoundExactly) {
  std::mt19937 random(2);
  const auto range = [&](int64_t first, int64_t end) {
    const auto a = static_cast<int64_t>(random() % static_cast<uint64_t>(end - first));
    const auto b = static_cast<int64_t>(random() % static_cast<uint64_t>(end - first));
    return PositionRange{{first + std::min(a, b)}, {first + std::max(a, b) + 1}};
  };
  for (int i = 0; i < 3000; ++i) {
    const std::vector<SharedRanges> shares = random_shares(random);
    const int64_t newest = 1 + static_cast<int64_t>(random() % 40);
    const PatternPtr pattern = key_ranges(shares, newest, "listed");
    const bool one_share = i % 2 == 0;
    const PositionRange queries = one_share ? range(91, kEnd) : range(kFirst, kEnd);
    const PositionRange keys = range(0, i % 3 == 0 ? kEnd : 40);
    int64_t seen = 0;
    for (int64_t q = queries.begin.value; q < queries.end.value; ++q)
      for (int64_t k = keys.begin.value; k < keys.end.value; ++k)
        seen += defined(shares, newest, q, k) ? 1 : 0;
    const bool full = seen == queries.size() * keys.size();
    const Coverage want = seen == 0 ? Coverage::empty : full ? Coverage::full : Coverage::partial;
    const Coverage got = pattern->cover(queries, keys);
    ASSERT_TRUE(got == want || (!one_share && got == Coverage::partial));
  }
}

TEST(KeyRanges, MasksAreWhatIsSeen) {
  std::mt19937 random(3);
  for (int i = 0; i < 50; ++i) {
    const PatternPtr pattern = key_ranges(random_shares(random), 1 + i, "listed");
    std::vector<Position> queries, keys;
    for (int64_t q = kFirst + i % 7; q < kFirst + 64; q += 1 + i % 3) queries.push_back({q});
    for (int64_t k = i; k < i + 64; k += 1 + i % 4) keys.push_back({k});
    std::vector<uint64_t> rows(queries.size(), ~uint64_t{0});
    pattern->mask(queries, keys, rows);
    for (size_t q = 0; q < queries.size(); ++q)
      for (size_t k = 0; k < 64; ++k)
        ASSERT_EQ(rows[q] >> k & 1,
                  k < keys.size() && pattern->sees(queries[q], keys[k]) ? 1u : 0u);
  }
}

}  // namespace
}  // namespace fathom
