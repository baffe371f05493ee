// Exact softmax attention over the blocks that a plan names: tiled, with online softmax.
//
// FlashAttention (Dao et al. 2022, arXiv:2205.14135, algorithm 1; the loop order of
// FlashAttention-2, arXiv:2307.08691). Nothing of size queries x keys is ever held: per query tile
// there is one block of scores, the running maximum, the running sum and the output.
//
// out[q, h] = sum_k softmax_k(scale * queries[q, h] . key k) value k over the keys that the parts
// of head h let query q score; zero where they let none. A part is a plan over some keys: a cache,
// or a copy of some of it in another order. What the parts of a head score must not overlap; their
// partial results are merged (partial.h) in the order of the parts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fathom/base/matrix.h"
#include "fathom/kernels/block_plan.h"
#include "fathom/kernels/compute.h"
#include "fathom/kernels/kv_type.h"

namespace fathom {

// One KV head's keys: pointers to packed key blocks and value blocks (panel.h).
struct KvHeadView {
  const std::byte* const* key_blocks = nullptr;
  const std::byte* const* value_blocks = nullptr;
  // Null: every block is as the operand has it. Else one flag a block: where it is not 0, the keys
  // lie as key_type has them and the values as value_type (coded_block.h, or plain).
  const uint8_t* coded = nullptr;
  KvType key_type = KvType::bf16;
  KvType value_type = KvType::bf16;
  // Null: every key counts once. Else kBlock numbers a block: a key counts 2^number times.
  const float* const* biases = nullptr;
};

// What adjacent query heads of one KV head score among some keys.
struct AttendPart {
  size_t head = 0;  // the first
  size_t heads = 1;
  const BlockPlan* plan = nullptr;
  KvHeadView keys;
  Operand operand = Operand::bf16;  // what the blocks hold: panel.h, and byte_keys.h for int8
  // Unless empty, what meets these keys in place of the call's queries: the same queries, rotated
  // for other positions. The same shape.
  ConstMatrix<float> queries = {};
};

struct AttendArgs {
  ConstMatrix<float> queries;  // [tokens, heads * head_dim], RoPE applied
  Matrix<float> out;           // the same shape
  size_t head_dim = 0;         // a multiple of 16, at most 256
  float scale = 1;
  std::span<const AttendPart> parts;
  // Unless empty, [tokens, heads]: log2 of the sum of 2^(log2(e) * score), -inf where there is
  // none.
  Matrix<float> log_sums = {};
};

// The parts where each head has one plan over its KV head's cache: neighbours of one KV head that
// share a plan are stacked, to fill the tile. plan_of_head.size() % kv_heads.size() == 0; equal
// pointers mean equal plans.
std::vector<AttendPart> parts_of(std::span<const KvHeadView> kv_heads,
                                 std::span<const BlockPlan* const> plan_of_head, Operand operand);

// Every key and value in a block that the plan names must be finite, masked or not: a mask gives a
// value the weight 0, and 0 times infinity is not a number. The result does not depend on the
// number of threads.
void attend(const Compute& compute, const AttendArgs& args);

// Several sequences at once, each with its own queries, cache and plans: what each alone gives, bit
// for bit, with all their work shared out over the cores.
void attend(const Compute& compute, std::span<const AttendArgs> batch);

}  // namespace fathom
