#include "fathom/kernels/attend.h"

#include <algorithm>
#include <atomic>
#include <cassert>
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
// ... but none is shorter than this many key blocks, below which starting it costs more.
constexpr size_t kMinSplit = 8;
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

// One query block of adjacent heads that share a KV head and a plan, cut along its keys.
struct Work {
  const AttendArgs* args = nullptr;  // its sequence
  const BlockPlan* plan = nullptr;
  const KvHeadView* kv = nullptr;
  size_t head = 0;   // the first
  size_t heads = 0;  // how many
  size_t query_block = 0;
  size_t key_blocks = 0;
  size_t split = 0;     // key blocks of one split
  size_t splits = 0;    // 0: the queries see nothing
  size_t partials = 0;  // where its splits' partial rows lie in the arena; unused if splits <= 1

  size_t first_query() const { return query_block * kBlock; }
  size_t queries() const { return std::min(kBlock, plan->queries - first_query()); }
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

void append_heads(const AttendArgs& args, size_t head, size_t heads, std::vector<Work>& works) {
  const size_t group = args.plan_of_head.size() / args.kv_heads.size();
  const BlockPlan* plan = args.plan_of_head[head];
  assert(plan->queries == args.queries.rows);
  for (size_t b = plan->query_blocks(); b-- > 0;) {  // causal plans: the longest first
    Work work{&args, plan, &args.kv_heads[head / group], head, heads, b};
    for (const KeyRun& run : plan->runs_of(b)) work.key_blocks += run.count;
    works.push_back(work);
  }
}

void cut_by_rows(const AttendArgs& args, std::vector<Work>& works) {
  const size_t group = args.plan_of_head.size() / args.kv_heads.size();
  const size_t most =
      std::max<size_t>(1, kItemRows / std::clamp<size_t>(args.queries.rows, 1, kBlock));
  for (size_t begin = 0; begin < args.plan_of_head.size(); begin += group) {
    for (size_t head = begin; head < begin + group;) {
      size_t same = 1;
      while (head + same < begin + group &&
             args.plan_of_head[head + same] == args.plan_of_head[head])
        ++same;
      const size_t parts = (same + most - 1) / most;
      for (size_t part = 0; part < parts; ++part) {
        const size_t first = same * part / parts;
        append_heads(args, head + first, same * (part + 1) / parts - first, works);
      }
      head += same;
    }
  }
}

// Cuts each work along its keys, by the sizes of the plan alone, so that the result does not depend
// on the threads. Returns the floats of partial rows needed.
//
// A batch cuts each sequence as if it were alone, so that a sequence's result does not depend on
// the others either.
size_t cut_by_keys(std::span<Work> works, size_t arena) {
  size_t total = 0;
  for (const Work& work : works) total += work.key_blocks;
  size_t before = 0;
  for (Work& work : works) {
    const size_t tasks = kFewestTasks * (before < total / 2 ? 1 : before < total / 4 * 3 ? 2 : 4);
    const size_t goal = std::max(kMinSplit, (total + tasks - 1) / tasks);
    before += work.key_blocks;
    const size_t pieces = std::max<size_t>(1, (work.key_blocks + goal - 1) / goal);
    work.split = (work.key_blocks + pieces - 1) / pieces;
    work.split += work.split % 2;  // the kernel takes blocks by twos
    work.splits = work.key_blocks == 0 ? 0 : (work.key_blocks + work.split - 1) / work.split;
    work.partials = arena;
    if (work.splits > 1) arena += work.splits * partial_floats(work.rows(), work.args->head_dim);
  }
  return arena;
}

class Call {
 public:
  Call(const Compute& compute, std::span<const AttendArgs> batch)
      : kernel_(kernel_for(compute.isa, compute.operand)) {
    size_t floats = 0;
    for (const AttendArgs& args : batch) {
      const size_t first = works_.size();
      cut_by_rows(args, works_);
      floats = cut_by_keys(std::span(works_).subspan(first), floats);
    }
    static thread_local Buffer<float> arena;
    arena.ensure(floats);
    arena_ = arena.data();
    pending_ = std::make_unique<std::atomic<size_t>[]>(works_.size());
    for (size_t w = 0; w < works_.size(); ++w) {
      pending_[w] = works_[w].splits;
      for (size_t s = 0; s < std::max<size_t>(1, works_[w].splits); ++s) tasks_.push_back({w, s});
    }
  }

  size_t tasks() const { return tasks_.size(); }

  void run(size_t index) {
    const Task task = tasks_[index];
    const Work& work = works_[task.work];
    const size_t head_dim = work.args->head_dim;
    static thread_local Buffer<float> scratch;
    const size_t partial_size = partial_floats(work.rows(), head_dim);
    scratch.ensure(partial_size + attend_scratch_floats(work.rows(), head_dim));
    if (work.splits <= 1) {
      const PartialRows rows = partial_at(scratch.data(), work.rows(), head_dim);
      score(work, 0, rows, scratch.data() + partial_size);
      write(work, rows);
      return;
    }
    score(work, task.split, partial(work, task.split), scratch.data());
    // Whoever finishes last merges, always in the order of the keys.
    if (pending_[task.work].fetch_sub(1, std::memory_order_acq_rel) == 1) {
      const PartialRows whole = partial(work, 0);
      for (size_t s = 1; s < work.splits; ++s) merge(partial(work, s), whole);
      write(work, whole);
    }
  }

 private:
  PartialRows partial(const Work& work, size_t split) const {
    const size_t size = partial_floats(work.rows(), work.args->head_dim);
    return partial_at(arena_ + work.partials + split * size, work.rows(), work.args->head_dim);
  }

  void score(const Work& work, size_t split, const PartialRows& rows, float* scratch) const {
    const AttendArgs& args = *work.args;
    const std::span<const KeyRun> runs = work.plan->runs_of(work.query_block);
    AttendItem item;
    item.queries = args.queries.row(work.first_query()) + work.head * args.head_dim;
    item.query_stride = args.queries.stride;
    item.query_count = work.queries();
    item.heads = work.heads;
    item.head_dim = args.head_dim;
    item.scale = args.scale * std::numbers::log2e_v<float>;
    item.key_blocks = work.kv->key_blocks;
    item.value_blocks = work.kv->value_blocks;
    item.runs = runs.data();
    item.run_count = runs.size();
    item.block_begin = split * work.split;
    item.block_end = std::min(item.block_begin + work.split, work.key_blocks);
    item.masks = work.plan->masks.empty() ? nullptr : work.plan->masks.front().rows.data();
    item.out = rows.out.data;
    item.exponent = rows.exponent;
    item.sum = rows.sum;
    item.scratch = scratch;
    kernel_(item);
  }

  void write(const Work& work, const PartialRows& rows) const {
    for (size_t r = 0; r < work.rows(); ++r) {
      const size_t query = work.first_query() + r / work.heads;
      const size_t head = work.head + r % work.heads;
      normalise(rows, r, work.args->out.row(query) + head * work.args->head_dim);
    }
  }

  AttendKernel kernel_;
  std::vector<Work> works_;
  std::vector<Task> tasks_;
  float* arena_ = nullptr;
  std::unique_ptr<std::atomic<size_t>[]> pending_;
};

}  // namespace

void attend(const Compute& compute, const AttendArgs& args) { attend(compute, {&args, 1}); }

void attend(const Compute& compute, std::span<const AttendArgs> batch) {
  for ([[maybe_unused]] const AttendArgs& args : batch) {
    assert(args.head_dim % 16 == 0 && args.head_dim > 0 && args.head_dim <= 256);
    assert(!args.kv_heads.empty() && args.plan_of_head.size() % args.kv_heads.size() == 0);
    assert(args.queries.cols == args.plan_of_head.size() * args.head_dim);
    assert(args.out.rows == args.queries.rows && args.out.cols == args.queries.cols);
  }
  Call call(compute, batch);
  compute.pool->run(call.tasks(), [&](size_t task, size_t) { call.run(task); });
}

}  // namespace fathom
