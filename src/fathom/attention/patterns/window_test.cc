#include <cstdlib>
#include <string>

#include "fathom/attention/test_patterns.h"

namespace fathom {
namespace {

TEST(Window, ReachesBackItsSizeAndAsFarAhead) {
  for (const int64_t w : {1, 4, 63, 64, 65})
    expect_definition("window(size=" + std::to_string(w) + ")",
                      [w](int64_t q, int64_t k) { return std::abs(q - k) < w; });
}

}  // namespace
}  // namespace fathom
