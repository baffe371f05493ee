#include "fathom/kernels/attend.h"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cmath>
#include <limits>
#include <memory>
#include <numbers>
#include <vector>

#include "fathom/base/buffer.h"
#include "fathom/kernels/attend_kernel.h"
#include "fathom/kernels/partial.h"

namespace fathom {
namespace {

static_assert(sizeof(BlockMask) == kBlock * sizeof(uint64_t), "masks are read as one array");

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

// An operand's kernel on each instruction set.
struct Kernels {
  AttendKernel bf16;
  AttendKernel f32;
  AttendKernel int8;  // null: the ISA does not multiply bytes
};

Kernels kernels(Isa isa) {
  switch (isa) {
#if defined(__x86_64__)
    case Isa::avx2:
      return {attend_avx2_bf16, attend_avx2_f32, nullptr};
    case Isa::avx2vnni:
      return {attend_avx2_bf16, attend_avx2_f32, attend_avx2vnni_int8};
    case Isa::avx512:
      return {attend_avx512_bf16, attend_avx512_f32, nullptr};
    case Isa::avx512bf16:
      return {attend_avx512bf16_bf16, attend_avx512bf16_f32, attend_avx512bf16_int8};
#elif defined(__aarch64__)
    case Isa::neon:
      return {attend_neon_bf16, attend_neon_f32, nullptr};
#endif
    default:
      return {attend_portable_bf16, attend_portable_f32, attend_portable_int8};
  }
}

AttendKernel kernel_for(Isa isa, Operand operand) {
  const Kernels of_isa = kernels(isa);
  switch (operand) {
    case Operand::bf16:
      return of_isa.bf16;
    case Operand::f32:
      return of_isa.f32;
    case Operand::int8:
      assert(of_isa.int8 != nullptr);
      return of_isa.int8;
  }
  return nullptr;
}

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

struct Task {
  size_t work = 0;
  size_t split = 0;
};

size_t partial_floats(size_t rows, size_t head_dim) {
  // A multiple of 16, so that each starts on a cache line.
  return (rows * (head_dim + 2) + 15) / 16 * 16;
}

PartialRows partial_at(float* memory, size_t rows, size_t head_dim) {
  float* exponent = memory + rows * head_dim;
  return {Matrix<float>(memory, rows, head_dim), exponent, exponent + rows};
}

// The largest query block of a plan.
size_t most_queries(const BlockPlan& plan) {
  size_t most = 1;
  for (size_t b = 0; b < plan.query_blocks(); ++b) most = std::max(most, plan.queries_of(b));
  return most;
}

// Each block of the part's plan, cut by heads.
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

// Cuts each work along its keys, by the sizes of the plans alone, so that the result does not
// depend on the threads. Returns the floats of partial rows needed.
//
// A batch cuts each sequence as if it were alone, so that a sequence's result does not depend on
// the others either.
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

// One sequence of a call: where the parts of its heads leave their partial rows.
//
// A head that one part covers needs none: its rows are written as soon as they are whole. Of the
// others each part has rows [tokens, head_dim], in the order of the queries, merged at the end.
class Sequence {
 public:
  // Takes memory from `arena` on, counted in floats.
  Sequence(const AttendArgs& args, size_t arena)
      : args_(args), heads_(args.queries.cols / args.head_dim) {
    std::vector<size_t> parts_of_head(heads_);
    std::vector<bool> whole(heads_, true);
    for (const AttendPart& part : args.parts) {
      assert(part.plan->queries == queries() && part.head + part.heads <= heads_);
      for (size_t h = part.head; h < part.head + part.heads; ++h) {
        ++parts_of_head[h];
        whole[h] = part.plan->order.empty() || part.plan->order.size() == queries();
      }
    }
    place_.assign(args.parts.size() * heads_, kNowhere);
    for (size_t h = 0; h < heads_; ++h) {
      if (parts_of_head[h] == 1 && whole[h]) continue;
      shared_.push_back(h);
      for (size_t p = 0; p < args.parts.size(); ++p) {
        if (h < args.parts[p].head || h >= args.parts[p].head + args.parts[p].heads) continue;
        place_[p * heads_ + h] = arena;
        arena += partial_floats(queries(), args.head_dim);
      }
    }
    end_ = arena;
  }

  const AttendArgs& args() const { return args_; }
  size_t arena_end() const { return end_; }
  size_t queries() const { return args_.queries.rows; }
  // Blocks of kBlock queries in which shared rows are merged.
  size_t merges() const { return shared_.empty() ? 0 : (queries() + kBlock - 1) / kBlock; }

  // No part has seen a key yet.
  void clear(float* arena) const {
    for (const size_t place : place_)
      if (place != kNowhere) std::fill_n(rows(arena + place).sum, queries(), 0.0f);
  }

  // Takes a row that is whole within its part.
  void take(const AttendPart& part, size_t query, size_t head, const PartialRows& from, size_t row,
            float* arena) const {
    const size_t place = place_[static_cast<size_t>(&part - args_.parts.data()) * heads_ + head];
    if (place == kNowhere) return write(from, row, query, head);
    const PartialRows to = rows(arena + place);
    std::copy_n(from.out.row(row), args_.head_dim, to.out.row(query));
    to.exponent[query] = from.exponent[row];
    to.sum[query] = from.sum[row];
  }

  // Merges what the parts left of one block of queries.
  void merge_block(size_t block, float* arena) const {
    const size_t first = block * kBlock;
    const size_t count = std::min(kBlock, queries() - first);
    for (const size_t head : shared_) {
      PartialRows whole;
      for (size_t p = 0; p < args_.parts.size(); ++p) {
        const size_t place = place_[p * heads_ + head];
        if (place == kNowhere) continue;
        const PartialRows all = rows(arena + place);
        const PartialRows part{all.out.rows_at(first, count), all.exponent + first,
                               all.sum + first};
        if (whole.sum == nullptr) {
          whole = part;
        } else {
          merge(part, whole);
        }
      }
      for (size_t i = 0; i < count; ++i) write(whole, i, first + i, head);
    }
  }

 private:
  static constexpr size_t kNowhere = SIZE_MAX;

  PartialRows rows(float* memory) const { return partial_at(memory, queries(), args_.head_dim); }

  // `from` may have no rows at all: a head of no parts.
  void write(const PartialRows& from, size_t row, size_t query, size_t head) const {
    float* const out = args_.out.row(query) + head * args_.head_dim;
    const bool empty = from.sum == nullptr || from.sum[row] == 0;
    if (empty) {
      std::fill_n(out, args_.head_dim, 0.0f);
    } else {
      normalise(from, row, out);
    }
    if (args_.log_sums.data == nullptr) return;
    args_.log_sums.row(query)[head] = empty ? -std::numeric_limits<float>::infinity()
                                            : from.exponent[row] + std::log2(from.sum[row]);
  }

  const AttendArgs& args_;
  size_t heads_;
  std::vector<size_t> place_;   // [parts, heads]
  std::vector<size_t> shared_;  // heads
  size_t end_ = 0;
};

// The rows of one task, as its kernel reads them.
struct Rows {
  std::vector<const float*> queries;
  std::vector<uint32_t> mask_rows;

  void fill(const Work& work) {
    queries.clear();
    mask_rows.clear();
    const AttendArgs& args = *work.args;
    for (size_t i = 0; i < work.queries(); ++i) {
      const float* const query = args.queries.row(work.plan().query(work.query_block, i));
      for (size_t h = 0; h < work.heads; ++h) {
        queries.push_back(query + (work.head + h) * args.head_dim);
        mask_rows.push_back(static_cast<uint32_t>(i));
      }
    }
  }
};

class Call {
 public:
  Call(const Compute& compute, std::span<const AttendArgs> batch) : isa_(compute.isa) {
    size_t floats = 0;
    sequences_.reserve(batch.size());
    for (const AttendArgs& args : batch) {
      const Sequence& sequence = sequences_.emplace_back(args, floats);
      const size_t first = works_.size();
      for (const AttendPart& part : args.parts) cut_by_rows(sequence.args(), part, works_);
      sequence_of_.resize(works_.size(), sequences_.size() - 1);
      floats = cut_by_keys(std::span(works_).subspan(first), sequence.arena_end());
      for (size_t block = 0; block < sequence.merges(); ++block)
        merges_.push_back({sequences_.size() - 1, block});
    }
    static thread_local Buffer<float> arena;
    arena.ensure(floats);
    arena_ = arena.data();
    for (const Sequence& sequence : sequences_) sequence.clear(arena_);
    pending_ = std::make_unique<std::atomic<size_t>[]>(works_.size());
    for (size_t w = 0; w < works_.size(); ++w) {
      pending_[w] = works_[w].splits;
      for (size_t s = 0; s < std::max<size_t>(1, works_[w].splits); ++s) tasks_.push_back({w, s});
    }
  }

  void run(ThreadPool& pool) {
    pool.run(tasks_.size(), [&](size_t task, size_t) { score_task(tasks_[task]); });
    pool.run(merges_.size(), [&](size_t merge, size_t) {
      sequences_[merges_[merge].sequence].merge_block(merges_[merge].block, arena_);
    });
  }

 private:
  struct Merge {
    size_t sequence = 0;
    size_t block = 0;
  };

  void score_task(const Task& task) {
    const Work& work = works_[task.work];
    const size_t head_dim = work.args->head_dim;
    static thread_local Buffer<float> scratch;
    const size_t partial_size = partial_floats(work.rows(), head_dim);
    scratch.ensure(partial_size + attend_scratch_floats(work.rows(), head_dim));
    if (work.splits <= 1) {
      const PartialRows rows = partial_at(scratch.data(), work.rows(), head_dim);
      score(work, 0, rows, scratch.data() + partial_size);
      hand_over(task.work, rows);
      return;
    }
    score(work, task.split, partial(work, task.split), scratch.data());
    // Whoever finishes last merges, always in the order of the keys.
    if (pending_[task.work].fetch_sub(1, std::memory_order_acq_rel) == 1) {
      const PartialRows whole = partial(work, 0);
      for (size_t s = 1; s < work.splits; ++s) merge(partial(work, s), whole);
      hand_over(task.work, whole);
    }
  }

  PartialRows partial(const Work& work, size_t split) const {
    const size_t size = partial_floats(work.rows(), work.args->head_dim);
    return partial_at(arena_ + work.partials + split * size, work.rows(), work.args->head_dim);
  }

  void score(const Work& work, size_t split, const PartialRows& rows, float* scratch) const {
    static thread_local Rows in;
    in.fill(work);
    const AttendArgs& args = *work.args;
    const AttendPart& part = *work.part;
    const std::span<const KeyRun> runs = part.plan->runs_of(work.query_block);
    AttendItem item;
    item.queries = in.queries.data();
    item.mask_rows = in.mask_rows.data();
    item.rows = work.rows();
    item.head_dim = args.head_dim;
    item.scale = args.scale * std::numbers::log2e_v<float>;
    item.key_blocks = part.keys.key_blocks;
    item.value_blocks = part.keys.value_blocks;
    item.biases = part.keys.biases;
    item.runs = runs.data();
    item.run_count = runs.size();
    item.block_begin = split * work.split;
    item.block_end = std::min(item.block_begin + work.split, work.key_blocks);
    item.masks = part.plan->masks.empty() ? nullptr : part.plan->masks.front().rows.data();
    item.out = rows.out.data;
    item.exponent = rows.exponent;
    item.sum = rows.sum;
    item.scratch = scratch;
    kernel_for(isa_, part.operand)(item);
  }

  void hand_over(size_t index, const PartialRows& rows) const {
    const Work& work = works_[index];
    const Sequence& sequence = sequences_[sequence_of_[index]];
    for (size_t r = 0; r < work.rows(); ++r)
      sequence.take(*work.part, work.plan().query(work.query_block, r / work.heads),
                    work.head + r % work.heads, rows, r, arena_);
  }

  Isa isa_;
  std::vector<Sequence> sequences_;
  std::vector<Work> works_;
  std::vector<size_t> sequence_of_;  // [works]
  std::vector<Task> tasks_;
  std::vector<Merge> merges_;
  float* arena_ = nullptr;
  std::unique_ptr<std::atomic<size_t>[]> pending_;
};

}  // namespace

std::vector<AttendPart> parts_of(std::span<const KvHeadView> kv_heads,
                                 std::span<const BlockPlan* const> plan_of_head, Operand operand) {
  assert(!kv_heads.empty() && plan_of_head.size() % kv_heads.size() == 0);
  const size_t group = plan_of_head.size() / kv_heads.size();
  std::vector<AttendPart> parts;
  for (size_t head = 0; head < plan_of_head.size(); ++head) {
    if (head % group != 0 && parts.back().plan == plan_of_head[head]) {
      ++parts.back().heads;
    } else {
      parts.push_back({.head = head,
                       .heads = 1,
                       .plan = plan_of_head[head],
                       .keys = kv_heads[head / group],
                       .operand = operand});
    }
  }
  return parts;
}

void attend(const Compute& compute, const AttendArgs& args) { attend(compute, {&args, 1}); }

void attend(const Compute& compute, std::span<const AttendArgs> batch) {
  for ([[maybe_unused]] const AttendArgs& args : batch) {
    assert(args.head_dim % 16 == 0 && args.head_dim > 0 && args.head_dim <= 256);
    assert(args.queries.cols % args.head_dim == 0);
    assert(args.out.rows == args.queries.rows && args.out.cols == args.queries.cols);
  }
  Call(compute, batch).run(*compute.pool);
}

}  // namespace fathom
