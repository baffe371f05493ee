// One call of attend() on random numbers: what it costs, and how far it is from double precision.
#pragma once

#include <vector>

#include "fathom/attention/attention_layer.h"
#include "fathom/bench/attention.h"
#include "fathom/bench/synthetic_kv.h"

namespace fathom {

class AttentionProblem {
 public:
  // `tokens` queries behind `depth` keys, which they see with their own as the pattern says.
  AttentionProblem(const AttentionBench& bench, const KvFormat& format, size_t head_dim,
                   size_t tokens, size_t depth, size_t copies);

  // Plans and attends, over one of the copies of the cache.
  void attend_once(const Compute& compute, size_t copy);

  size_t pairs() const { return pairs_; }  // scored, of one head
  double flops() const;                    // of all heads

  // Of what attend_once() wrote last, over a few queries and heads.
  double error() const;

 private:
  void append(const Compute& compute);
  std::vector<double> in_double(size_t query, size_t head) const;

  PatternPtr pattern_;
  size_t head_dim_, tokens_, depth_, heads_, kv_heads_;
  float scale_;
  AttentionLayer layer_;
  SyntheticKv kv_;
  std::vector<float> queries_, out_;  // [tokens, heads * head_dim]
  size_t pairs_ = 0;
  bool appended_ = false;
};

}  // namespace fathom
