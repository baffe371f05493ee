// Eviction: one mechanism for all policies. It gathers what a policy needs from each attention
// call, shares the budget out over layers and heads, selects what is kept, and has the cache drop
// the rest.
//
// A step is: for each layer observe() after attention; then, once the step is committed, evict().
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "fathom/base/result.h"
#include "fathom/kernels/attend.h"
#include "fathom/kv/budget_split.h"
#include "fathom/kv/cache.h"
#include "fathom/kv/policy.h"

namespace fathom {

class Eviction {
 public:
  // `heads`: query heads of each layer.
  Eviction(PolicyPtr policy, const BudgetSplit& split, const KvCache& cache,
           std::span<const size_t> heads);
  ~Eviction();

  // Whether observe() must be called.
  bool observes() const;
  // The text's tokens as far as they are known, those to come included: what a budget that is a
  // share is a share of.
  void expect(size_t text_tokens);

  // A layer's call of attend() ran: `args` are those parts of it that are over the cache, log_sums
  // included. Keys and values of these tokens are written to `cache` and not committed. Between
  // calls others may have truncated it; between commit() and evict(), dropped the oldest tokens of
  // some heads.
  void observe(const Compute& compute, const KvCache& cache, size_t layer, const AttendArgs& args);
  // Drops what exceeds the budget, if it is due: after a prefill's step (`decoding` false) at once;
  // while decoding once a layer's heads hold a sixteenth too many on average, at least a block, and
  // one layer a step. By position (KvReach), drops the blocks that no later query sees.
  void evict(ThreadPool& pool, KvCache& cache, bool decoding);
  void clear();  // forgets the text

  // All that is known of the text beside what `cache` holds, and back: what then follows is as if
  // it had never been away. Between steps. Error: it is of another policy or cache; then nothing is
  // known.
  std::string statistics() const;
  Status restore(std::string_view statistics, const KvCache& cache);

  // Told what a head holds each time some of it was dropped.
  using Trace = std::function<void(size_t layer, size_t kv_head, std::span<const Position> kept)>;
  void set_trace(Trace trace);

  uint64_t evicted() const;  // tokens, over all layers and KV heads
  size_t bytes() const;      // of statistics

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fathom
