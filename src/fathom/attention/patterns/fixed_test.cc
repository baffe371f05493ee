#include <string>

#include "fathom/attention/test_patterns.h"

namespace fathom {
namespace {

TEST(Fixed, SeesItsBlockAndTheLastKeysOfAll) {
  for (const int64_t l : {1, 7, 63, 64, 65})
    for (const int64_t c : {int64_t{0}, int64_t{1}, l / 2, l}) {
      if (c > l) continue;
      expect_definition("fixed(block=" + std::to_string(l) + ", summary=" + std::to_string(c) + ")",
                        [l, c](int64_t q, int64_t k) { return k / l == q / l || k % l >= l - c; });
    }
}

}  // namespace
}  // namespace fathom
