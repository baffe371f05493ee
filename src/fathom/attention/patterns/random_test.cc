#include <map>
#include <set>

#include "fathom/attention/test_patterns.h"

namespace fathom {
namespace {

// The blocks of 8 keys up to its own that a query in block `block` sees.
std::set<int64_t> drawn(const Pattern& pattern, int64_t block) {
  std::set<int64_t> blocks;
  for (int64_t b = 0; b <= block; ++b)
    if (pattern.sees({block * 8 + 3}, {b * 8})) blocks.insert(b);
  return blocks;
}

TEST(Random, DrawsSoManyDifferentBlocksUpToItsOwn) {
  const PatternPtr pattern = pattern_of("random(block=8, count=3, seed=4)");
  for (int64_t block = 0; block < 300; ++block)
    EXPECT_EQ(drawn(*pattern, block).size(), static_cast<size_t>(std::min<int64_t>(3, block + 1)));
}

TEST(Random, SeesWholeBlocksAndIsSymmetric) {
  const PatternPtr pattern = pattern_of("random(block=8, count=2, seed=4)");
  expect_definition("random(block=8, count=2, seed=4)",
                    [&](int64_t q, int64_t k) { return pattern->sees({k / 8 * 8}, {q / 8 * 8}); });
}

// 4,000 blocks that each draw one of up to 4,001: any tenth of what is before them is drawn by a
// tenth of them, give or take five standard deviations of such a count.
TEST(Random, DrawsFromAllBlocksAlike) {
  const PatternPtr pattern = pattern_of("random(block=1, count=1, seed=9)");
  std::map<int64_t, int> tenths;
  for (int64_t block = 1; block <= 4000; ++block)
    for (int64_t b = 0; b <= block; ++b)
      if (pattern->sees({block}, {b})) ++tenths[b * 10 / (block + 1)];
  for (const auto& [tenth, count] : tenths) EXPECT_NEAR(count, 400, 5 * 19) << tenth;
  EXPECT_EQ(tenths.size(), 10u);
}

TEST(Random, FollowsTheSeedAlone) {
  const PatternPtr one = pattern_of("random(block=8, count=2, seed=1)");
  const PatternPtr same = pattern_of("random(block=8, count=2, seed=1)");
  const PatternPtr other = pattern_of("random(block=8, count=2, seed=2)");
  int different = 0;
  for (int64_t block = 0; block < 200; ++block) {
    EXPECT_EQ(drawn(*one, block), drawn(*same, block));
    different += drawn(*one, block) != drawn(*other, block);
  }
  EXPECT_GT(different, 150);
  EXPECT_EQ(drawn(*one, 100), (std::set<int64_t>{10, 96}))
      << "a seed's draws must not change from one version or machine to another";
}

}  // namespace
}  // namespace fathom
