#include "fathom/kernels/attend.h"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <memory>
#include <numbers>
#include <vector>

#include "fathom/base/buffer.h"
#include "fathom/kernels/attend_kernel.h"
#include "fathom/kernels/attend_sequence.h"
#include "fathom/kernels/attend_work.h"
#include "fathom/kernels/partial.h"

namespace fathom {
namespace {

static_assert(sizeof(BlockMask) == kBlock * sizeof(uint64_t), "masks are read as one array");

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

struct Task {
  size_t work = 0;
  size_t split = 0;
};

// The rows of one task, as its kernel reads them.
struct Rows {
  std::vector<const float*> queries;
  std::vector<uint32_t> mask_rows;

  void fill(const Work& work) {
    queries.clear();
    mask_rows.clear();
    const size_t head_dim = work.args->head_dim;
    const ConstMatrix<float>& own = work.part->queries;
    const ConstMatrix<float>& from = own.data != nullptr ? own : work.args->queries;
    for (size_t i = 0; i < work.queries(); ++i) {
      const float* const query = from.row(work.plan().query(work.query_block, i));
      for (size_t h = 0; h < work.heads; ++h) {
        queries.push_back(query + (work.head + h) * head_dim);
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
      const AttendSequence& sequence = sequences_.emplace_back(args, floats);
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
    for (const AttendSequence& sequence : sequences_) sequence.clear(arena_);
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
    const bool coded = work.part->keys.coded != nullptr;
    scratch.ensure(partial_size + attend_scratch_floats(work.rows(), head_dim, coded));
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
    item.coded = part.keys.coded;
    item.key_type = part.keys.key_type;
    item.value_type = part.keys.value_type;
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
    const AttendSequence& sequence = sequences_[sequence_of_[index]];
    for (size_t r = 0; r < work.rows(); ++r)
      sequence.take(*work.part, work.plan().query(work.query_block, r / work.heads),
                    work.head + r % work.heads, rows, r, arena_);
  }

  Isa isa_;
  std::vector<AttendSequence> sequences_;
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
