// The merging of byte pair encoding (Sennrich et al. 2016): of all pairs of neighbours that may
// merge, the one of lowest rank does, the leftmost of equals, until none may.
//
// A queue of candidate pairs over a linked list of symbols: n symbols take O(n log n) time, 40
// bytes each or so, and no stack. Every merge removes a symbol, so that no set of merges can loop.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <queue>
#include <vector>

#include "fathom/base/position.h"

namespace fathom {

struct Merge {
  static constexpr uint32_t kNever = std::numeric_limits<uint32_t>::max();

  uint32_t rank = kNever;
  TokenId id = -1;  // of the merged symbol
};

// Bytes [begin, end) of a text of less than 4 GiB.
struct Symbol {
  uint32_t begin;
  uint32_t end;
  TokenId id;  // -1: no token as it stands, though it may merge into one
};

class SymbolMerger {
 public:
  // Merges `symbols` in place. `find(left, right)` says how two neighbours merge.
  template <class Find>
  void run(std::vector<Symbol>& symbols, Find find) {
    start(symbols.size());
    const auto consider = [&](uint32_t left) {
      const uint32_t right = links_[left].next;
      links_[left].merge = right == kNone ? Merge{} : find(symbols[left], symbols[right]);
      const uint32_t rank = links_[left].merge.rank;
      if (rank != Merge::kNever) queue_.push(uint64_t{rank} << 32 | left);
    };
    for (uint32_t i = 0; i < symbols.size(); ++i) consider(i);
    while (!queue_.empty()) {
      const uint64_t best = queue_.top();
      queue_.pop();
      const auto left = static_cast<uint32_t>(best);
      // Has the pair changed since it was queued? Then it was considered anew.
      if (links_[left].merge.rank != best >> 32) continue;
      symbols[left].end = symbols[links_[left].next].end;
      symbols[left].id = links_[left].merge.id;
      unlink(links_[left].next);
      consider(left);
      if (links_[left].previous != kNone) consider(links_[left].previous);
    }
    keep_linked(symbols);
  }

 private:
  static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

  struct Link {
    uint32_t previous;
    uint32_t next;
    Merge merge;  // with the next symbol
  };

  void start(size_t count);
  void unlink(uint32_t i);
  void keep_linked(std::vector<Symbol>& symbols) const;

  std::vector<Link> links_;
  // rank << 32 | left symbol: the lowest is the best.
  std::priority_queue<uint64_t, std::vector<uint64_t>, std::greater<>> queue_;
};

}  // namespace fathom
