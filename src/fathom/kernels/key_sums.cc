#include "fathom/kernels/key_sums.h"

#include <algorithm>
#include <cassert>
#include <numbers>
#include <vector>

#include "fathom/base/buffer.h"
#include "fathom/kernels/key_sums_kernel.h"

namespace fathom {
namespace {

// A task's key blocks: few enough to stay in L2 while all queries pass by, enough that converting
// these costs little beside scoring them.
constexpr size_t kTaskBlocks = 16;
// Rows scored at once: their converted queries stay in L2 beside the keys.
constexpr size_t kMostRows = 256;

// An operand's kernel on each instruction set.
struct Kernels {
  KeySumsKernel bf16;
  KeySumsKernel f32;
  KeySumsKernel int8;  // null: the ISA does not multiply bytes
};

Kernels kernels(Isa isa) {
  switch (isa) {
#if defined(__x86_64__)
    case Isa::avx2:
      return {key_sums_avx2_bf16, key_sums_avx2_f32, nullptr};
    case Isa::avx2vnni:
      return {key_sums_avx2_bf16, key_sums_avx2_f32, key_sums_avx2vnni_int8};
    case Isa::avx512:
      return {key_sums_avx512_bf16, key_sums_avx512_f32, nullptr};
    case Isa::avx512bf16:
      return {key_sums_avx512bf16_bf16, key_sums_avx512bf16_f32, key_sums_avx512bf16_int8};
#elif defined(__aarch64__)
    case Isa::neon:
      return {key_sums_neon_bf16, key_sums_neon_f32, nullptr};
#endif
    default:
      return {key_sums_portable_bf16, key_sums_portable_f32, key_sums_portable_int8};
  }
}

KeySumsKernel kernel_for(Isa isa, Operand operand) {
  const Kernels of_isa = kernels(isa);
  if (operand == Operand::bf16) return of_isa.bf16;
  if (operand == Operand::f32) return of_isa.f32;
  assert(of_isa.int8 != nullptr);
  return of_isa.int8;
}

// Key blocks that the plan names lie before this one.
size_t block_end(const BlockPlan& plan) {
  size_t end = 0;
  for (const KeyRun& run : plan.runs) end = std::max<size_t>(end, run.first + run.count);
  return end;
}

// How many of the runs' blocks lie before key block `end`.
size_t blocks_before(std::span<const KeyRun> runs, size_t end) {
  size_t count = 0;
  for (const KeyRun& run : runs)
    if (run.first < end) count += std::min<size_t>(run.count, end - run.first);
  return count;
}

// The key blocks [begin, end) of all parts that add to the same sums: no other task writes there.
struct Task {
  size_t part = 0;  // the first
  size_t begin = 0;
  size_t end = 0;
};

class Call {
 public:
  Call(const Compute& compute, const AttendArgs& args, std::span<float* const> sums)
      : isa_(compute.isa), args_(args), sums_(sums) {
    assert(sums.size() == args.parts.size());
    for (size_t p = 0; p < sums.size(); ++p) {
      if (std::ranges::find(sums.first(p), sums[p]) != sums.first(p).end()) continue;
      size_t end = 0;
      for (size_t q = p; q < sums.size(); ++q)
        if (sums[q] == sums[p]) end = std::max(end, block_end(*args.parts[q].plan));
      for (size_t begin = 0; begin < end; begin += kTaskBlocks)
        tasks_.push_back({p, begin, std::min(end, begin + kTaskBlocks)});
    }
  }

  void run(ThreadPool& pool) const {
    pool.run(tasks_.size(), [&](size_t i, size_t) {
      const Task& task = tasks_[i];
      for (size_t p = task.part; p < sums_.size(); ++p)
        if (sums_[p] == sums_[task.part]) add_part(task, p);
    });
  }

 private:
  // The rows of one item: some heads of one query block.
  struct Rows {
    std::vector<const float*> queries;
    std::vector<uint32_t> mask_rows;
    std::vector<float> log_sums;
  };

  void add_part(const Task& task, size_t p) const {
    const AttendPart& part = args_.parts[p];
    assert(part.keys.biases == nullptr && part.plan->queries == args_.queries.rows);
    for (size_t block = 0; block < part.plan->query_blocks(); ++block) {
      const std::span<const KeyRun> runs = part.plan->runs_of(block);
      AttendItem scan;
      scan.key_blocks = part.keys.key_blocks;
      scan.coded = part.keys.coded;
      scan.key_type = part.keys.key_type;
      scan.runs = runs.data();
      scan.run_count = runs.size();
      scan.block_begin = blocks_before(runs, task.begin);
      scan.block_end = blocks_before(runs, task.end);
      scan.masks = part.plan->masks.empty() ? nullptr : part.plan->masks.front().rows.data();
      if (scan.block_begin < scan.block_end) add_block(part, block, scan, sums_[p]);
    }
  }

  void add_block(const AttendPart& part, size_t block, AttendItem& scan, float* sums) const {
    const size_t queries = part.plan->queries_of(block);
    const size_t most = std::max<size_t>(1, kMostRows / queries);
    for (size_t head = 0; head < part.heads; head += most)
      add_heads(part, block, part.head + head, std::min(most, part.heads - head), scan, sums);
  }

  void add_heads(const AttendPart& part, size_t block, size_t head, size_t heads, AttendItem& scan,
                 float* sums) const {
    static thread_local Rows rows;
    static thread_local Buffer<float> scratch;
    take_rows(part, block, head, heads, rows);
    scan.queries = rows.queries.data();
    scan.mask_rows = rows.mask_rows.data();
    scan.rows = rows.queries.size();
    scan.head_dim = args_.head_dim;
    scan.scale = args_.scale * std::numbers::log2e_v<float>;
    scratch.ensure(key_sums_scratch_floats(scan.rows, args_.head_dim, scan.coded != nullptr));
    scan.scratch = scratch.data();
    kernel_for(isa_, part.operand)({.scan = scan, .log_sums = rows.log_sums.data(), .sums = sums});
  }

  void take_rows(const AttendPart& part, size_t block, size_t head, size_t heads,
                 Rows& rows) const {
    const ConstMatrix<float> all = part.queries.data == nullptr ? args_.queries : part.queries;
    rows = {};
    for (size_t i = 0; i < part.plan->queries_of(block); ++i) {
      const size_t query = part.plan->query(block, i);
      for (size_t h = head; h < head + heads; ++h) {
        rows.queries.push_back(all.row(query) + h * args_.head_dim);
        rows.mask_rows.push_back(static_cast<uint32_t>(i));
        rows.log_sums.push_back(args_.log_sums.row(query)[h]);
      }
    }
  }

  Isa isa_;
  const AttendArgs& args_;
  std::span<float* const> sums_;
  std::vector<Task> tasks_;
};

}  // namespace

void key_sums(const Compute& compute, const AttendArgs& args, std::span<float* const> sums) {
  assert(args.head_dim % 16 == 0 && args.head_dim > 0 && args.head_dim <= 256);
  Call(compute, args, sums).run(*compute.pool);
}

}  // namespace fathom
