#include <string>

#include "fathom/attention/test_patterns.h"

namespace fathom {
namespace {

TEST(Strided, SeesEverySoManyKeysFromTheQuery) {
  for (const int64_t s : {1, 2, 7, 63, 64, 65})
    expect_definition("strided(stride=" + std::to_string(s) + ")",
                      [s](int64_t q, int64_t k) { return (q - k) % s == 0; });
}

}  // namespace
}  // namespace fathom
