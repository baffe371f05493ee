// A block plan: which keys each query scores, as data. Planners write it, attend() reads it.
//
// Queries and key slots are cut into blocks of kBlock. Query block b holds queries
// [b * kBlock, ...) of the call (not of the text); key block c holds slots [c * kBlock, ...). For
// every query block the plan lists runs of key blocks, each either full (every query of the block
// scores every key of the run: no mask work at all) or masked by one interned 64x64 bit mask.
// Blocks in no run are never touched. Nothing here is n x n: full causal attention is two runs a
// block.
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace fathom {

inline constexpr size_t kBlock = 64;

// Bit j of rows[i]: query i of the query block scores slot j of the key block.
struct BlockMask {
  std::array<uint64_t, kBlock> rows{};
  bool operator==(const BlockMask&) const = default;
};

// Key blocks [first, first + count).
struct KeyRun {
  static constexpr uint32_t kFull = UINT32_MAX;
  uint32_t first = 0;
  uint32_t count = 0;
  uint32_t mask = kFull;  // an index into BlockPlan::masks, or kFull
  bool operator==(const KeyRun&) const = default;
};

struct BlockPlan {
  size_t queries = 0;                  // in the call; the last block may be short
  std::vector<uint32_t> run_begin{0};  // [query blocks + 1]: runs of block b are
  std::vector<KeyRun> runs;            //   runs[run_begin[b]] .. runs[run_begin[b + 1]), by first
  std::vector<BlockMask> masks;        // interned: no two equal

  size_t query_blocks() const { return run_begin.size() - 1; }
  std::span<const KeyRun> runs_of(size_t block) const {
    assert(block < query_blocks());
    return {runs.data() + run_begin[block], runs.data() + run_begin[block + 1]};
  }
};

// Query-key pairs that the plan scores.
uint64_t scored_pairs(const BlockPlan& plan);

}  // namespace fathom
