#include <cstdlib>

#include "fathom/attention/test_patterns.h"

namespace fathom {
namespace {

TEST(Multiscale, HeadsShareOutTheWindows) {
  const int64_t windows_of_heads[] = {3, 3, 3, 20, 20, 20, 100, 100, 100};
  for (size_t head = 0; head < 9; ++head)
    expect_definition(
        "multiscale(windows=[3, 20, 100])",
        [w = windows_of_heads[head]](int64_t q, int64_t k) { return std::abs(q - k) < w; },
        {.layer = 1, .head = head, .heads = 9});
}

TEST(Multiscale, FewerHeadsThanWindowsTakeSomeOfThem) {
  EXPECT_EQ(pattern_of("multiscale(windows=[1, 2, 3, 4])", {.head = 0, .heads = 2})->spec(),
            "window(size=1)");
  EXPECT_EQ(pattern_of("multiscale(windows=[1, 2, 3, 4])", {.head = 1, .heads = 2})->spec(),
            "window(size=3)");
}

}  // namespace
}  // namespace fathom
