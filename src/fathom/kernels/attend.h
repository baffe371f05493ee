// Exact softmax attention over the blocks that a plan names: tiled, with online softmax.
//
// FlashAttention (Dao et al. 2022, arXiv:2205.14135, algorithm 1; the loop order of
// FlashAttention-2, arXiv:2307.08691). Nothing of size queries x keys is ever held: per query tile
// there is one block of scores, the running maximum, the running sum and the output.
//
// out[q, h] = sum_k softmax_k(scale * queries[q, h] . keys[k, h / group]) values[k, h / group] over
// the slots k that plan_of_head[h] lets query q score; zero where it lets none. group = heads / KV
// heads; query heads of one KV head that share a plan are stacked to fill the tile.
#pragma once

#include <cstddef>
#include <span>

#include "fathom/base/matrix.h"
#include "fathom/kernels/block_plan.h"
#include "fathom/kernels/compute.h"

namespace fathom {

// One KV head's cache: pointers to its packed key blocks and value blocks (panel.h).
struct KvHeadView {
  const std::byte* const* key_blocks = nullptr;
  const std::byte* const* value_blocks = nullptr;
};

struct AttendArgs {
  ConstMatrix<float> queries;  // [tokens, heads * head_dim], RoPE applied
  Matrix<float> out;           // the same shape
  size_t head_dim = 0;         // a multiple of 16, at most 256
  float scale = 1;
  std::span<const KvHeadView> kv_heads;            // heads % kv_heads.size() == 0
  std::span<const BlockPlan* const> plan_of_head;  // [heads]; equal pointers mean equal plans
};

// Every key and value in a block that the plan names must be finite, masked or not: a mask gives a
// value the weight 0, and 0 times infinity is not a number. Blocks hold what
// compute.operand says: panel.h, and byte_keys.h for keys in 8 bits. The result does not depend on
// the number of threads.
void attend(const Compute& compute, const AttendArgs& args);

// Several sequences at once, each with its own queries, cache and plans: what each alone gives, bit
// for bit, with all their work shared out over the cores.
void attend(const Compute& compute, std::span<const AttendArgs> batch);

}  // namespace fathom
