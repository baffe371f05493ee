// A block plan: which keys each query scores, as data. Planners write it, attend() reads it.
//
// Queries and key slots are cut into blocks of kBlock. Query block b holds queries
// [b * kBlock, ...) of the call (not of the text), or those that `order` lists for it; key block c
// holds slots [c * kBlock, ...) of the keys that the plan is about: a cache, or a copy of some of
// it in another order. For every query block the plan lists runs of key blocks, each either full
// (every query of the block scores every key of the run: no mask work at all) or masked by one
// interned 64x64 bit mask. Blocks in no run are never touched. Nothing here is n x n: full causal
// attention is two runs a block.
#pragma once

#include <algorithm>
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
  size_t queries = 0;  // in the call; the last block may be short
  // Empty: queries come as they are. Else block b holds queries order[block_begin[b]] ..
  // order[block_begin[b + 1]), at most kBlock of them; a query is in no more than one block.
  std::vector<uint32_t> order = {};
  std::vector<uint32_t> block_begin = {};
  std::vector<uint32_t> run_begin{0};  // [query blocks + 1]: runs of block b are
  std::vector<KeyRun> runs = {};       //   runs[run_begin[b]] .. runs[run_begin[b + 1]), by first
  std::vector<BlockMask> masks = {};

  size_t query_blocks() const { return run_begin.size() - 1; }
  size_t queries_of(size_t block) const {
    return order.empty() ? std::min(kBlock, queries - block * kBlock)
                         : block_begin[block + 1] - block_begin[block];
  }
  // The i-th query of a block, which its masks' row i is about.
  size_t query(size_t block, size_t i) const {
    return order.empty() ? block * kBlock + i : order[block_begin[block] + i];
  }
  std::span<const KeyRun> runs_of(size_t block) const {
    assert(block < query_blocks());
    return {runs.data() + run_begin[block], runs.data() + run_begin[block + 1]};
  }
};

// Query-key pairs that the plan scores.
uint64_t scored_pairs(const BlockPlan& plan);

}  // namespace fathom
