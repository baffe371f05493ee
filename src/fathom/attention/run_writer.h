// Writes the runs of a block plan, one query block after another.
#pragma once

#include <cstdint>
#include <unordered_set>

#include "fathom/kernels/block_plan.h"

namespace fathom {

// The lowest `count` bits of a mask's row: none of fewer than one, all of more than there are.
constexpr uint64_t first_bits(int64_t count) {
  if (count <= 0) return 0;
  return count >= int64_t{kBlock} ? ~uint64_t{0} : (uint64_t{1} << count) - 1;
}

class RunWriter {
 public:
  // In place of a mask: an empty block.
  static constexpr uint32_t kNothing = KeyRun::kFull - 1;

  explicit RunWriter(BlockPlan& plan) : plan_(plan) {}
  RunWriter(const RunWriter&) = delete;
  RunWriter& operator=(const RunWriter&) = delete;

  // The mask's index among the plan's, which are kept once each; or kFull or kNothing, where that
  // is what it says of the first `queries` rows.
  uint32_t intern(const BlockMask& mask, size_t queries);

  // Appends a run, or lengthens the last one of this query block if it continues it.
  void emit(int64_t first, int64_t count, uint32_t mask);

  void end_query_block() { plan_.run_begin.push_back(static_cast<uint32_t>(plan_.runs.size())); }

 private:
  // The set holds indices only, so no mask is kept twice.
  struct Hash {
    const std::vector<BlockMask>& masks;
    size_t operator()(uint32_t index) const;
  };
  struct Equal {
    const std::vector<BlockMask>& masks;
    bool operator()(uint32_t a, uint32_t b) const { return masks[a] == masks[b]; }
  };

  BlockPlan& plan_;
  std::unordered_set<uint32_t, Hash, Equal> indices_{16, Hash{plan_.masks}, Equal{plan_.masks}};
};

}  // namespace fathom
