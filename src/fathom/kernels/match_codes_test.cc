#include "fathom/kernels/match_codes.h"

#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace fathom {
namespace {

TEST(MatchCodes, EveryIsaFindsTheCodeAndTheOneBefore) {
  std::mt19937 random(3);
  for (const Isa isa : supported_isas()) {
    for (const uint32_t step : {1u, 2u, 64u, 4096u}) {
      uint32_t codes[kBlock];
      for (uint32_t& code : codes) code = random() % 7 * step + random() % 2;
      for (const size_t count : {size_t{0}, size_t{1}, size_t{13}, kBlock}) {
        std::vector<uint32_t> rows(count);
        for (uint32_t& row : rows) row = random() % 9 * step + random() % 2;
        std::vector<uint64_t> bits(count, ~uint64_t{0});
        match_codes(isa, codes, rows, step, bits.data());
        for (size_t i = 0; i < count; ++i)
          for (size_t j = 0; j < kBlock; ++j)
            ASSERT_EQ(bits[i] >> j & 1, codes[j] == rows[i] || codes[j] + step == rows[i])
                << name(isa) << " row " << i << " key " << j;
      }
    }
  }
}

}  // namespace
}  // namespace fathom
