// How the attention loop walks its rows and key blocks, and how it fetches these before their turn.
//
// Included by attend_impl.h and key_scores_impl.h alone; in the anonymous namespace, so that no
// file's code can stand in for that of another instruction set.
#pragma once

#include "fathom/kernels/attend_kernel.h"

namespace fathom {
namespace {

// Walks the item's key blocks along its runs.
class BlockCursor {
 public:
  explicit BlockCursor(const AttendItem& item)
      : item_(item), at_(item.block_begin), left_(item.block_end - item.block_begin) {
    while (left_ > 0 && at_ >= run().count) at_ -= item_.runs[run_++].count;
  }
  bool done() const { return left_ == 0; }
  const KeyRun& run() const { return item_.runs[run_]; }
  size_t block() const { return run().first + at_; }
  const std::byte* keys() const { return item_.key_blocks[block()]; }
  void next() {
    --left_;
    if (++at_ == run().count) {
      at_ = 0;
      ++run_;
    }
  }

 private:
  const AttendItem& item_;
  size_t run_ = 0;
  size_t at_;    // within the run
  size_t left_;  // blocks of the item
};

// The tile of rows that row r belongs to: of six, and what is left of them as four, three, two or
// one.
struct RowTile {
  size_t first = 0;
  size_t rows = 0;
};

inline RowTile row_tile_of(size_t r, size_t rows) {
  const size_t rest = rows % 6;
  const size_t first = rows - rest;
  if (r < first) return {r - r % 6, 6};
  if (rest < 4) return {first, rest};
  return r < first + 4 ? RowTile{first, 4} : RowTile{first + 4, rest - 4};
}

// Calls body.operator()<kR>(row) for each of these tiles.
template <class Body>
[[gnu::always_inline]] inline void for_row_tiles(size_t rows, Body&& body) {
  size_t r = 0;
  for (; r + 6 <= rows; r += 6) body.template operator()<6>(r);
  if (r + 4 <= rows) {
    body.template operator()<4>(r);
    r += 4;
  }
  if (r + 3 == rows) body.template operator()<3>(r);
  if (r + 2 == rows) body.template operator()<2>(r);
  if (r + 1 == rows) body.template operator()<1>(r);
}

// Brings memory into L2 while something else is multiplied, a few lines a step.
template <size_t kMost>
class Ahead {
 public:
  void clear() { count_ = area_ = at_ = 0; }
  void add(const void* begin, size_t bytes) {
    begin_[count_] = static_cast<const char*>(begin);
    bytes_[count_++] = bytes;
  }
  // All that was added, over this many steps.
  void spread(size_t steps) {
    size_t lines = 0;
    for (size_t i = 0; i < count_; ++i) lines += bytes_[i] / kLine;
    lines_ = (lines + steps - 1) / steps;
  }
  [[gnu::always_inline]] void step() {
    if (area_ == count_) return;
    for (size_t i = 0; i < lines_; ++i) __builtin_prefetch(begin_[area_] + at_ + i * kLine, 0, 2);
    at_ += lines_ * kLine;
    if (at_ >= bytes_[area_]) {
      at_ = 0;
      ++area_;
    }
  }

 private:
  static constexpr size_t kLine = 64;
  const char* begin_[kMost] = {};
  size_t bytes_[kMost] = {};
  size_t count_ = 0;
  size_t area_ = 0;
  size_t at_ = 0;
  size_t lines_ = 1;
};

}  // namespace
}  // namespace fathom
