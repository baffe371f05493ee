#include "fathom/kernels/block_plan.h"

#include <gtest/gtest.h>

namespace fathom {
namespace {

TEST(ScoredPairs, EmptyPlanScoresNothing) { EXPECT_EQ(scored_pairs(BlockPlan{}), 0u); }

TEST(ScoredPairs, CountsRealQueriesOnly) {
  BlockMask diagonal;
  for (size_t i = 0; i < kBlock; ++i) diagonal.rows[i] = ~uint64_t{0} >> (kBlock - 1 - i);
  BlockPlan plan;
  plan.queries = 70;  // a whole block and six
  plan.masks = {diagonal};
  plan.runs = {{0, 1, 0}, {0, 1, KeyRun::kFull}, {1, 2, 0}};
  plan.run_begin = {0, 1, 3};
  EXPECT_EQ(scored_pairs(plan), 64u * 65 / 2 + 6 * 64 + 2 * (1 + 2 + 3 + 4 + 5 + 6));
}

}  // namespace
}  // namespace fathom
