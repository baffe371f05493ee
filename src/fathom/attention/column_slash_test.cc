#include "fathom/attention/column_slash.h"

#include <gtest/gtest.h>

namespace fathom {
namespace {

using Blocks = std::vector<int64_t>;

TEST(ColumnSlash, TakesTheHeaviestLinesUntilTheyCover) {
  // Two queries, in blocks 3 and 4.
  const std::vector<float> masses = {0.40f, 0.05f, 0.30f, 0.25f, 0,  //
                                     0.30f, 0.10f, 0.30f, 0.05f, 0.25f};
  const Blocks query_blocks = {3, 4};
  ColumnSlash lines({masses.data(), 2, 5}, query_blocks);
  lines.take(0.5);  // the first column and the slashes 0 and 1 are enough
  EXPECT_EQ(lines.seen_from(3), (Blocks{0, 2, 3}));
  EXPECT_EQ(lines.seen_from(4), (Blocks{0, 3, 4}));
  EXPECT_NEAR(lines.covered(), 1.55 / 2, 1e-6);
  lines.take(0.9);  // slash 2 has 0.05 + 0.3 left, column 2 0.3
  EXPECT_EQ(lines.seen_from(3), (Blocks{0, 1, 2, 3}));
  EXPECT_EQ(lines.seen_from(4), (Blocks{0, 2, 3, 4}));
  EXPECT_NEAR(lines.covered(), 1.9 / 2, 1e-6);
}

// Column 1 and slash 3 cross at the blocks (4, 1), which have most of the weight of either.
TEST(ColumnSlash, CountsWhatLinesShareOnce) {
  const std::vector<float> masses = {0.1f, 0.50f, 0.15f, 0,     0.25f, 0,  //
                                     0.1f, 0.06f, 0.05f, 0.54f, 0,     0.25f};
  const Blocks query_blocks = {4, 5};
  ColumnSlash lines({masses.data(), 2, 6}, query_blocks);
  // Beyond the lines that are always taken, slash 2 has 0.69, column 1 0.56 and slash 3 0.55. Once
  // the first two are taken, slash 3 has 0.05 left.
  lines.take(0.95);
  EXPECT_EQ(lines.seen_from(4), (Blocks{0, 1, 2, 3, 4}));
  EXPECT_EQ(lines.seen_from(5), (Blocks{0, 1, 3, 4, 5}));
  EXPECT_NEAR(lines.covered(), 1.95 / 2, 1e-6);
}

TEST(ColumnSlash, AnswersForBlocksWithoutASample) {
  const std::vector<float> masses = {0, 0.9f, 0, 0, 0, 0.1f};
  const Blocks query_blocks = {5};
  ColumnSlash lines({masses.data(), 1, 6}, query_blocks);
  lines.take(1);  // either line through (5, 1) does; one is taken
  EXPECT_EQ(lines.seen_from(5), (Blocks{0, 1, 4, 5}));
  const Blocks seen = lines.seen_from(4);
  EXPECT_TRUE(seen == (Blocks{0, 1, 3, 4}) || seen == (Blocks{0, 3, 4})) << seen.size();
}

TEST(ColumnSlash, OfOneBlockIsThatBlock) {
  const std::vector<float> masses = {1};
  const Blocks query_blocks = {0};
  ColumnSlash lines({masses.data(), 1, 1}, query_blocks);
  lines.take(0.5);
  EXPECT_EQ(lines.seen_from(0), Blocks{0});
  EXPECT_EQ(lines.covered(), 1);
}

}  // namespace
}  // namespace fathom
