#include "fathom/kernels/attend_work.h"

#include <algorithm>
#include <cassert>

namespace fathom {
namespace {

// A long scan is cut, however few its rows, so that no task holds more than this share of a call:
// the first half's a sixteenth, the next quarter's half of that, and the last quarter's a quarter,
// so that the cores that finish first do not wait long for the others ...
constexpr size_t kFewestTasks = 16;
// ... but none is shorter than this many key blocks, below which it is sooner done than started; of
// many rows, than merged.
constexpr size_t kMinSplitOfFewRows = 8;
constexpr size_t kMinSplit = 16;
constexpr size_t kFewRows = 16;
// Rows of one item: enough to fill tiles, few enough for queries and output to stay in L2.
constexpr size_t kItemRows = 256;

// The largest query block of a plan.
size_t most_queries(const BlockPlan& plan) {
  size_t most = 1;
  for (size_t b = 0; b < plan.query_blocks(); ++b) most = std::max(most, plan.queries_of(b));
  return most;
}

}  // namespace

size_t partial_floats(size_t rows, size_t head_dim) {
  return (rows * (head_dim + 2) + 15) / 16 * 16;
}

PartialRows partial_at(float* memory, size_t rows, size_t head_dim) {
  float* exponent = memory + rows * head_dim;
  return {Matrix<float>(memory, rows, head_dim), exponent, exponent + rows};
}

void cut_by_rows(const AttendArgs& args, const AttendPart& part, std::vector<Work>& works) {
  assert(part.plan->queries == args.queries.rows);
  const size_t most = std::max<size_t>(1, kItemRows / most_queries(*part.plan));
  const size_t cuts = (part.heads + most - 1) / most;
  for (size_t cut = 0; cut < cuts; ++cut) {
    const size_t first = part.heads * cut / cuts;
    const size_t heads = part.heads * (cut + 1) / cuts - first;
    for (size_t b = part.plan->query_blocks(); b-- > 0;) {  // causal plans: the longest first
      Work work{.args = &args,
                .part = &part,
                .head = part.head + first,
                .heads = heads,
                .query_block = b};
      for (const KeyRun& run : part.plan->runs_of(b)) work.key_blocks += run.count;
      works.push_back(work);
    }
  }
}

size_t cut_by_keys(std::span<Work> works, size_t arena) {
  size_t total = 0;
  for (const Work& work : works) total += work.key_blocks;
  size_t before = 0;
  for (Work& work : works) {
    const size_t tasks = kFewestTasks * (before < total / 2 ? 1 : before < total / 4 * 3 ? 2 : 4);
    const size_t least = work.rows() > kFewRows ? kMinSplit : kMinSplitOfFewRows;
    const size_t goal = std::max(least, (total + tasks - 1) / tasks);
    before += work.key_blocks;
    const size_t pieces = std::max<size_t>(1, (work.key_blocks + goal / 2) / goal);
    work.split = (work.key_blocks + pieces - 1) / pieces;
    work.split += work.split % 2;  // the kernel takes blocks by twos
    work.splits = work.key_blocks == 0 ? 0 : (work.key_blocks + work.split - 1) / work.split;
    work.partials = arena;
    if (work.splits > 1) arena += work.splits * partial_floats(work.rows(), work.args->head_dim);
  }
  return arena;
}

}  // namespace fathom
