#include <cstdlib>

#include "fathom/attention/test_patterns.h"

namespace fathom {
namespace {

TEST(Streaming, IsSinksAndAWindow) {
  expect_definition("streaming(sinks=3, window=70)",
                    [](int64_t q, int64_t k) { return k < 3 || std::abs(q - k) < 70; });
}

}  // namespace
}  // namespace fathom
