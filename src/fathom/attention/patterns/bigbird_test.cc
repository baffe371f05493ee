#include <cstdlib>

#include "fathom/attention/test_patterns.h"

namespace fathom {
namespace {

TEST(BigBird, IsAWindowGlobalsAndRandomBlocks) {
  const PatternPtr random = pattern_of("random(block=6, count=2, seed=3)");
  expect_definition(
      "bigbird(block=6, window=5, globals=2, random=2, seed=3)", [&](int64_t q, int64_t k) {
        return std::abs(q / 6 - k / 6) <= 2 || q < 12 || k < 12 || random->sees({q}, {k});
      });
}

}  // namespace
}  // namespace fathom
