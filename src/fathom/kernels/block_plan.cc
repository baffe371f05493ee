#include "fathom/kernels/block_plan.h"

#include <bit>

namespace fathom {

uint64_t scored_pairs(const BlockPlan& plan) {
  uint64_t pairs = 0;
  for (size_t b = 0; b < plan.query_blocks(); ++b) {
    const size_t queries = plan.queries_of(b);
    for (const KeyRun& run : plan.runs_of(b)) {
      uint64_t in_block = queries * kBlock;
      if (run.mask != KeyRun::kFull) {
        const auto& rows = plan.masks[run.mask].rows;
        in_block = 0;
        for (size_t i = 0; i < queries; ++i) in_block += std::popcount(rows[i]);
      }
      pairs += in_block * run.count;
    }
  }
  return pairs;
}

}  // namespace fathom
