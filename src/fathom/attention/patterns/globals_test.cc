#include "fathom/attention/test_patterns.h"

namespace fathom {
namespace {

TEST(Globals, SeeAllAndAreSeenByAll) {
  const auto listed = [](int64_t x) { return x == 0 || x == 5 || x == 130; };
  expect_definition("globals(at=[130, 0, 5, 5])",
                    [&](int64_t q, int64_t k) { return listed(q) || listed(k); });
  expect_definition("globals(at=[])", [](int64_t, int64_t) { return false; });
}

}  // namespace
}  // namespace fathom
