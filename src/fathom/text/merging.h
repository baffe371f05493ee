// The merging of byte pair encoding (Sennrich et al. 2016): of all pairs of neighbours that may
// merge, the one of lowest rank does, the leftmost of equals, until none may.
//
// A queue of candidate pairs over a linked list of symbols: n symbols take O(n log n) time and no
// stack. Every merge removes a symbol, so that no set of merges can loop.
//
// A long run of symbols is merged in windows, whose queue stays in the processor's cache. That is
// exact, because merging is local: if what one text merges into ends with l, what the next merges
// into begins with r, and l and r beside each other stay as they are, then both texts joined merge
// into both results joined. (Consider the first merge across the seam. All before it happened on
// one side or the other, so l and r alone would have come to it too.)
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <queue>
#include <span>
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
  // `window`: how many symbols are merged at a time, at least 2.
  explicit SymbolMerger(size_t window = size_t{1} << 14) : window_(window) {}

  // What `symbols`, in the order of the text, merge into; valid until the next call.
  // `find(left, right)` is the Merge of two neighbours.
  template <class Find>
  std::span<const Symbol> run(std::span<const Symbol> symbols, Find find) {
    for (size_t window = window_; !run_windows(symbols, window, find);) window *= 8;
    return merged_;
  }

 private:
  static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

  struct Link {
    uint32_t previous;
    uint32_t next;
    Merge merge;  // with the next symbol
  };

  // False when two windows' results cannot be joined.
  template <class Find>
  bool run_windows(std::span<const Symbol> symbols, size_t window, Find find) {
    merged_.clear();
    for (size_t begin = 0; begin < symbols.size();) {
      const size_t end = std::min(begin + window, symbols.size());
      merge(symbols.subspan(begin, end - begin), find);
      // The last tokens might merge otherwise with what follows: they are the next window's.
      if (end < symbols.size()) drop_part_behind(symbols[end - window / 8 - 1].begin);
      const size_t seam = merged_.size();
      merged_.insert(merged_.end(), part_.begin(), part_.end());
      if (seam > 0 && !seam_holds(symbols, seam, find)) return false;
      begin = index_at(symbols, merged_.back().end);
    }
    return true;
  }

  // Do the tokens on both sides of the seam stay as they are beside each other?
  template <class Find>
  bool seam_holds(std::span<const Symbol> symbols, size_t seam, Find find) {
    const size_t begin = index_at(symbols, merged_[seam - 1].begin);
    const size_t end = index_at(symbols, merged_[seam].end);
    merge(symbols.subspan(begin, end - begin), find);
    return part_.size() == 2 && part_[0].end == merged_[seam - 1].end;
  }

  // Merges `symbols` into part_.
  template <class Find>
  void merge(std::span<const Symbol> symbols, Find find) {
    start(symbols);
    const auto consider = [&](uint32_t left) {
      const uint32_t right = links_[left].next;
      links_[left].merge = right == kNone ? Merge{} : find(part_[left], part_[right]);
      const uint32_t rank = links_[left].merge.rank;
      if (rank != Merge::kNever) queue_.push(uint64_t{rank} << 32 | left);
    };
    for (uint32_t i = 0; i < part_.size(); ++i) consider(i);
    while (!queue_.empty()) {
      const uint64_t best = queue_.top();
      queue_.pop();
      const auto left = static_cast<uint32_t>(best);
      // Has the pair changed since it was queued? Then it was considered anew.
      if (links_[left].merge.rank != best >> 32) continue;
      join_next(left);
      consider(left);
      if (links_[left].previous != kNone) consider(links_[left].previous);
    }
    keep_linked();
  }

  // The index of the first symbol at or behind `offset` in the text.
  static size_t index_at(std::span<const Symbol> symbols, uint32_t offset);
  // Drops the tokens at the end of part_ that end behind `offset`, but for the first.
  void drop_part_behind(uint32_t offset);
  void start(std::span<const Symbol> symbols);
  void join_next(uint32_t left);
  void keep_linked();

  size_t window_;
  std::vector<Symbol> merged_;
  std::vector<Symbol> part_;  // of the window
  std::vector<Link> links_;   // of part_
  // rank << 32 | left symbol: the lowest is the best.
  std::priority_queue<uint64_t, std::vector<uint64_t>, std::greater<>> queue_;
};

}  // namespace fathom
