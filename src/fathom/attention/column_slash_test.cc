#include "fathom/attention/column_slash.h"

#include <gtest/gtest.h>

namespace fathom {
namespace {

using Blocks = std::vector<int64_t>;

TEST(ColumnSlash, TakesTheHeaviestLinesUntilTheyCover) {
  // Two queries, in blocks 3 and 4. Column 2 has 0.3 + 0.3; slash 1 then 0.05, slash 3 0.1.
  const std::vector<float> masses = {0.40f, 0.05f, 0.30f, 0.25f, 0,  //
                                     0.30f, 0.10f, 0.30f, 0.05f, 0.25f};
  const Blocks query_blocks = {3, 4};
  ColumnSlash lines({masses.data(), 2, 5}, query_blocks);
  lines.take(0.5);
  EXPECT_EQ(lines.seen_from(3), (Blocks{0, 3})) << "the first column and the slash 0 are enough";
  EXPECT_NEAR(lines.covered(), 0.6, 1e-6);
  lines.take(0.85);
  EXPECT_EQ(lines.seen_from(3), (Blocks{0, 2, 3}));
  EXPECT_EQ(lines.seen_from(4), (Blocks{0, 2, 4}));
  EXPECT_NEAR(lines.covered(), 0.9, 1e-6);
}

// Column 1 and slash 2 cross at the blocks (3, 1), which have most of the weight of either.
TEST(ColumnSlash, CountsWhatLinesShareOnce) {
  const std::vector<float> masses = {0.1f, 0.50f, 0.15f, 0.25f, 0,  //
                                     0.1f, 0.06f, 0.05f, 0.54f, 0.25f};
  const Blocks query_blocks = {3, 4};
  ColumnSlash lines({masses.data(), 2, 5}, query_blocks);
  // Beyond column 0 and slash 0, slash 1 has 0.69, column 1 0.56 and slash 2 0.55. Once the first
  // two are taken, slash 2 has 0.05 left.
  lines.take(0.95);
  EXPECT_EQ(lines.seen_from(3), (Blocks{0, 1, 2, 3}));
  EXPECT_EQ(lines.seen_from(4), (Blocks{0, 1, 3, 4}));
  EXPECT_NEAR(lines.covered(), 1.95 / 2, 1e-6);
}

TEST(ColumnSlash, AnswersForBlocksWithoutASample) {
  const std::vector<float> masses = {0, 0.9f, 0, 0.1f};
  const Blocks query_blocks = {3};
  ColumnSlash lines({masses.data(), 1, 4}, query_blocks);
  lines.take(1);  // either line through (3, 1) does; it is taken once
  const Blocks seen = lines.seen_from(2);
  EXPECT_TRUE(seen == (Blocks{0, 1, 2}) || seen == (Blocks{0, 2})) << seen.size();
  EXPECT_EQ(lines.seen_from(3), (Blocks{0, 1, 3}));
}

}  // namespace
}  // namespace fathom
