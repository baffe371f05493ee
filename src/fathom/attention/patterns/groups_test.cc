#include "fathom/attention/test_patterns.h"

namespace fathom {
namespace {

TEST(Groups, SeeTheirOwn) {
  expect_definition("groups(size=24)", [](int64_t q, int64_t k) { return q / 24 == k / 24; });
}

TEST(Groups, AShiftShortensTheFirst) {
  expect_definition("groups(size=24, shift=10)",
                    [](int64_t q, int64_t k) { return (q + 10) / 24 == (k + 10) / 24; });
}

}  // namespace
}  // namespace fathom
