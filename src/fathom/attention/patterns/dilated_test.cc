#include <cstdlib>
#include <string>

#include "fathom/attention/test_patterns.h"

namespace fathom {
namespace {

TEST(Dilated, IsAWindowWithGaps) {
  for (const int64_t w : {1, 4, 20, 65})
    for (const int64_t g : {1, 2, 3, 64})
      expect_definition(
          "dilated(size=" + std::to_string(w) + ", gap=" + std::to_string(g) + ")",
          [w, g](int64_t q, int64_t k) { return std::abs(q - k) < w * g && (q - k) % g == 0; });
}

}  // namespace
}  // namespace fathom
