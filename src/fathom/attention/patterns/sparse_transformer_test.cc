#include <cstdlib>
#include <string>

#include "fathom/attention/test_patterns.h"

namespace fathom {
namespace {

TEST(SparseTransformer, IsAWindowAndAStrideOfOneLength) {
  for (const int64_t s : {1, 7, 64, 65})
    expect_definition(
        "sparse_transformer(stride=" + std::to_string(s) + ")",
        [s](int64_t q, int64_t k) { return std::abs(q - k) < s || (q - k) % s == 0; });
}

}  // namespace
}  // namespace fathom
