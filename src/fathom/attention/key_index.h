// What a pattern that depends on content keeps of one layer's keys, and how it chooses by it.
//
// A step is: append() the new tokens' keys and values; prepare() once; then choose() for each query
// head, several at once. What choose() returns is a pattern like any other for the queries of this
// call: it answers sees() for them, bounds it, and composes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "fathom/attention/pattern.h"
#include "fathom/base/kv_reach.h"
#include "fathom/base/matrix.h"
#include "fathom/base/text_end.h"
#include "fathom/kernels/attend.h"
#include "fathom/kernels/compute.h"

namespace fathom {

// One layer's attention, and what its sequence may grow to.
struct AttentionShape {
  size_t heads = 1;  // query heads; heads % kv_heads == 0
  size_t kv_heads = 1;
  size_t head_dim = 0;
  float scale = 1;                  // of scores
  int64_t context = 0;              // most tokens
  Operand operand = Operand::bf16;  // what the cache holds
  // Unless 0, keys less than this many tokens back are not met in the cache, but in a copy that is
  // turned otherwise (model/self_extend.h); slot_queries meet those in the cache.
  int64_t near = 0;
  size_t kv_head(size_t head) const { return head / (heads / kv_heads); }
};

// One call: queries at `positions`, with the keys at [0, positions.end) in the cache.
struct AttentionCall {
  const Compute* compute = nullptr;
  ConstMatrix<float> queries;  // [tokens, heads * head_dim]
  PositionRange positions;
  std::span<const KvHeadView> cache;  // [kv_heads]
  // Of a layer that drops keys, [kv_heads]: the positions of those in the cache, ascending. Empty:
  // slots are positions.
  std::span<const std::span<const Position>> kept = {};
  std::optional<KvReach> reach = std::nullopt;  // of such a layer: what queries see besides
  // Queries as KvReach::slot_of() places them, or as far keys see them; empty unless the reach is
  // re-indexed or AttentionShape::near is not 0.
  ConstMatrix<float> slot_queries = {};
  // One head's queries, [tokens, head_dim].
  ConstMatrix<float> queries_of(size_t head, size_t head_dim) const {
    return queries.cols_at(head * head_dim, head_dim);
  }
};

class KeyIndex {
 public:
  virtual ~KeyIndex() = default;
  // What ends with each token of the next append(), where that is known. Most do not care.
  virtual void mark_ends(std::span<const TextEnd> /*ends*/) {}
  // Keys and values, [n, kv_heads * head_dim], of the n tokens after those it has. May use the
  // pool.
  virtual void append(const Compute& compute, ConstMatrix<float> keys,
                      ConstMatrix<float> values) = 0;
  // What all heads need of a call. May use the pool.
  virtual void prepare(const AttentionCall& /*call*/) {}
  // What a head's queries see in this call; heads for which it returns one pointer share a plan.
  // Called for several heads at once. The result is used before the next append().
  virtual PatternPtr choose(const AttentionCall& call, size_t head) const = 0;
  // Bytes that grow with the text.
  virtual size_t bytes() const = 0;
};

}  // namespace fathom
