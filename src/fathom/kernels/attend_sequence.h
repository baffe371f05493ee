// Where the partial results of a sequence's parts meet. attend.cc's own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "fathom/kernels/attend.h"
#include "fathom/kernels/attend_work.h"
#include "fathom/kernels/partial.h"

namespace fathom {

// One sequence of a call.
//
// A head that one part covers keeps nothing here: its rows are written as soon as they are whole.
// Of the others each part has rows [tokens, head_dim], in the order of the queries, merged at the
// end.
class AttendSequence {
 public:
  // Takes memory from `arena` on, counted in floats.
  AttendSequence(const AttendArgs& args, size_t arena);

  const AttendArgs& args() const { return args_; }
  size_t arena_end() const { return end_; }
  // Blocks of kBlock queries in which shared rows are merged.
  size_t merges() const { return shared_.empty() ? 0 : (queries() + kBlock - 1) / kBlock; }

  // No part has seen a key yet.
  void clear(float* arena) const;
  // Takes a row that is whole within its part.
  void take(const AttendPart& part, size_t query, size_t head, const PartialRows& from, size_t row,
            float* arena) const;
  // Merges what the parts left of one block of queries, in the order of the parts.
  void merge_block(size_t block, float* arena) const;

 private:
  static constexpr size_t kNowhere = SIZE_MAX;

  size_t queries() const { return args_.queries.rows; }
  PartialRows rows(float* memory) const { return partial_at(memory, queries(), args_.head_dim); }
  void write(const PartialRows& from, size_t row, size_t query, size_t head) const;

  const AttendArgs& args_;
  size_t heads_;
  std::vector<size_t> place_;   // [parts, heads]: of partial rows in the arena
  std::vector<size_t> shared_;  // heads
  size_t end_ = 0;
};

}  // namespace fathom
