#include <string>

#include "fathom/attention/test_patterns.h"

namespace fathom {
namespace {

TEST(Sinks, AreTheFirstKeysOfTheText) {
  for (const int64_t s : {1, 4, 63, 64, 65})
    expect_definition("sinks(count=" + std::to_string(s) + ")",
                      [s](int64_t, int64_t k) { return k < s; });
}

}  // namespace
}  // namespace fathom
