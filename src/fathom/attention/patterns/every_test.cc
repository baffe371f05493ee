#include <string>

#include "fathom/attention/test_patterns.h"

namespace fathom {
namespace {

TEST(Every, SeesEverySoManyKeysOfTheText) {
  for (const int64_t s : {1, 2, 7, 63, 64, 65})
    expect_definition("every(step=" + std::to_string(s) + ")",
                      [s](int64_t, int64_t k) { return k % s == 0; });
}

}  // namespace
}  // namespace fathom
