#include <cstdlib>
#include <string>

#include "fathom/attention/test_patterns.h"

namespace fathom {
namespace {

TEST(BlockWindow, CountsBlocks) {
  for (const int64_t b : {1, 7, 63, 64, 65})
    for (const int64_t n : {1, 2, 3})
      expect_definition(
          "block_window(block=" + std::to_string(b) + ", count=" + std::to_string(n) + ")",
          [b, n](int64_t q, int64_t k) { return std::abs(q / b - k / b) < n; });
}

}  // namespace
}  // namespace fathom
