#include "fathom/attention/chosen_blocks.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include <gtest/gtest.h>

namespace fathom {
namespace {

using Blocks = std::vector<int64_t>;

TEST(BestBlocks, AreTheHighestInRisingOrder) {
  const std::vector<float> scores = {3, -1, 7, 5, 0};
  EXPECT_EQ(best_blocks(scores, 1), (Blocks{2}));
  EXPECT_EQ(best_blocks(scores, 3), (Blocks{0, 2, 3}));
  EXPECT_EQ(best_blocks(scores, 9), (Blocks{0, 1, 2, 3, 4}));
  EXPECT_EQ(best_blocks(scores, 0), Blocks{});
}

TEST(BestBlocks, PreferTheLaterOfEqualScores) {
  const std::vector<float> scores = {2, 1, 2, 1, 2, 1, 0};
  EXPECT_EQ(best_blocks(scores, 2), (Blocks{2, 4}));
  EXPECT_EQ(best_blocks(scores, 4), (Blocks{0, 2, 4, 5}));
  EXPECT_EQ(best_blocks(std::vector<float>(6), 2), (Blocks{4, 5}));
}

TEST(BestBlocks, AreThoseOfASortOfManyScores) {
  std::mt19937 random(3);
  std::vector<float> scores(1000);
  for (float& score : scores) score = static_cast<float>(random() % 300);
  std::vector<std::pair<float, int64_t>> sorted;
  sorted.reserve(scores.size());
  for (size_t i = 0; i < scores.size(); ++i) sorted.emplace_back(scores[i], i);
  std::ranges::sort(sorted, std::greater{});
  for (const int64_t count : {1, 7, 100, 499, 500, 501, 999, 1000}) {
    Blocks want;
    for (int64_t i = 0; i < count; ++i) want.push_back(sorted[static_cast<size_t>(i)].second);
    std::ranges::sort(want);
    EXPECT_EQ(best_blocks(scores, count), want) << count;
  }
}

TEST(BestBlocks, AreNumbers) {
  EXPECT_EQ(best_blocks(std::vector<float>{NAN, 1, NAN, NAN, -1}, 3), (Blocks{1, 4}));
}

class ChosenBlocksOf5 : public testing::Test {
 protected:
  // Queries 10..24 in blocks 2, 3 and 4.
  const ChosenBlocks pattern_{5, 2, {{0, 2}, {}, {1, 2, 3, 4}}, "topk_blocks"};
};

TEST_F(ChosenBlocksOf5, SeeTheirLists) {
  const std::vector<Blocks> lists = {{}, {}, {0, 2}, {}, {1, 2, 3, 4}, {}};
  for (int64_t q = 0; q < 30; ++q)
    for (int64_t k = 0; k < 30; ++k) {
      const Blocks& list = lists[static_cast<size_t>(q / 5)];
      EXPECT_EQ(pattern_.sees({q}, {k}), std::ranges::find(list, k / 5) != list.end());
    }
}

TEST_F(ChosenBlocksOf5, BoundsAreExact) {
  for (int64_t q0 = 0; q0 < 30; ++q0)
    for (int64_t q1 = q0 + 1; q1 <= 30; ++q1)
      for (int64_t k0 = 0; k0 < 30; ++k0)
        for (int64_t k1 = k0 + 1; k1 <= 30; ++k1) {
          int64_t seen = 0;
          for (int64_t q = q0; q < q1; ++q)
            for (int64_t k = k0; k < k1; ++k) seen += pattern_.sees({q}, {k});
          const Coverage want = seen == 0                       ? Coverage::empty
                                : seen == (q1 - q0) * (k1 - k0) ? Coverage::full
                                                                : Coverage::partial;
          ASSERT_EQ(pattern_.cover({{q0}, {q1}}, {{k0}, {k1}}), want)
              << q0 << ".." << q1 << ", " << k0 << ".." << k1;
        }
}

TEST_F(ChosenBlocksOf5, MasksSayTheSame) {
  std::vector<Position> queries, keys;
  for (int64_t i = 0; i < 30; ++i) queries.push_back({i});
  for (int64_t i = 0; i < 30; ++i) keys.push_back({i * 7 % 30});
  std::vector<uint64_t> rows(queries.size(), ~uint64_t{0});
  pattern_.mask(queries, keys, rows);
  for (size_t i = 0; i < queries.size(); ++i)
    for (size_t j = 0; j < 64; ++j)
      EXPECT_EQ(rows[i] >> j & 1, j < keys.size() && pattern_.sees(queries[i], keys[j]));
}

}  // namespace
}  // namespace fathom
