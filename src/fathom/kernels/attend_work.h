// How a call of attend() is cut into works, and these into tasks: by the sizes of its plans alone,
// so that the result does not depend on the threads. attend.cc's own.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "fathom/kernels/attend.h"
#include "fathom/kernels/partial.h"

namespace fathom {

// One query block of a part, or of some of its heads, cut along its keys.
struct Work {
  const AttendArgs* args = nullptr;  // its sequence
  const AttendPart* part = nullptr;
  size_t head = 0;   // the first
  size_t heads = 0;  // how many
  size_t query_block = 0;
  size_t key_blocks = 0;
  size_t split = 0;     // key blocks of one split
  size_t splits = 0;    // 0: the queries see nothing
  size_t partials = 0;  // where its splits' partial rows lie in the arena; unused if splits <= 1

  const BlockPlan& plan() const { return *part->plan; }
  size_t queries() const { return plan().queries_of(query_block); }
  size_t rows() const { return queries() * heads; }
};

// The memory of partial rows: a multiple of 16 floats, so that each starts on a cache line.
size_t partial_floats(size_t rows, size_t head_dim);
PartialRows partial_at(float* memory, size_t rows, size_t head_dim);

// Appends each block of the part's plan, cut by heads.
void cut_by_rows(const AttendArgs& args, const AttendPart& part, std::vector<Work>& works);

// Cuts each work along its keys; its partial rows begin at `arena`, in floats. Returns where they
// end. A batch cuts each sequence as if it were alone, so that a sequence's result does not depend
// on the others either.
size_t cut_by_keys(std::span<Work> works, size_t arena);

}  // namespace fathom
