// Eviction: one mechanism for all policies that score. It gathers what a policy needs from each
// attention call, shares the budget out over layers and heads, and selects what is kept.
//
// A step is: for each layer observe() after attention; then, once the step is committed, evict().
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "fathom/kernels/attend.h"
#include "fathom/kv/budget_split.h"
#include "fathom/kv/cache.h"
#include "fathom/kv/policy.h"

namespace fathom {

// One layer's attention call, after it ran.
struct KvObservation {
  const Compute* compute = nullptr;
  ConstMatrix<float> queries;         // [tokens, heads * head_dim], as attend() had them
  float scale = 1;                    // of scores
  std::span<const AttendPart> parts;  // over the cache alone
  // [tokens, heads], attend()'s; given if wants_log_sums().
  ConstMatrix<float> log_sums;
};

class Eviction {
 public:
  // `heads`: query heads of each layer.
  Eviction(PolicyPtr policy, const BudgetSplit& split, const KvCache& cache,
           std::span<const size_t> heads);
  ~Eviction();

  bool wants_log_sums() const;
  // The text's tokens as far as they are known, those to come included: what a budget that is a
  // share is a share of.
  void expect(size_t text_tokens);

  // Keys and values of the observed tokens are written to `cache` and not committed.
  void observe(const KvCache& cache, size_t layer, const KvObservation& seen);
  // Drops what exceeds the budget, if it is due: after a prefill's step (`decoding` false) at once,
  // while decoding once a head holds a block too many.
  void evict(ThreadPool& pool, KvCache& cache, bool decoding);
  void clear();  // forgets the text

  uint64_t evicted() const;  // tokens, over all layers and KV heads
  size_t bytes() const;      // of statistics

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fathom
