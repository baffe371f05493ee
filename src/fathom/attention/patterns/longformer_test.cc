#include <cstdlib>

#include "fathom/attention/test_patterns.h"

namespace fathom {
namespace {

TEST(Longformer, IsAWindowWithGlobalTokens) {
  const auto listed = [](int64_t x) { return x == 2 || x == 90; };
  expect_definition("longformer(window=9, at=[2, 90])", [&](int64_t q, int64_t k) {
    return std::abs(q - k) < 9 || listed(q) || listed(k);
  });
}

}  // namespace
}  // namespace fathom
