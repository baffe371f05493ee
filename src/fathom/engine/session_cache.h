// What a session keeps of its text: the key-value cache in the types that --kv names, under its
// policy, and of layers with windows no more than a later query can see.
//
// A step is: reserve(n); the forward pass writes each layer to cache() and attends, and observe()
// is told of each layer's call; then commit(n).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fathom/base/kv_reach.h"
#include "fathom/base/result.h"
#include "fathom/engine/head_patterns.h"
#include "fathom/kernels/attend.h"
#include "fathom/kv/budget_split.h"
#include "fathom/kv/cache.h"
#include "fathom/kv/eviction.h"
#include "fathom/kv/kv_spec.h"
#include "fathom/model/spec.h"

namespace fathom {

// How much of a cache lies in memory; the rest in a file of `folder`, and is read as it is needed.
struct KvRam {
  size_t bytes = 0;
  std::string folder;
};

struct KvOptions {
  KvSpec spec;
  BudgetSplit split;                        // of the policy's budget
  std::optional<KvRam> ram = std::nullopt;  // none: all of it
  // Whether layers drop what no later query can see; without, slots stay positions as long as the
  // policy keeps everything.
  bool drop_unseen = true;
};

// How attention is computed over a cache of these types: as `engine` says, but in bf16 instead of
// 8-bit scores where keys are stored otherwise or move. Error: a type wider than what is
// multiplied.
Result<Compute> compute_for(const Compute& engine, const KvSpec& kv);

// In which types a cache is kept.
KvFormat format_of(const Compute& compute, const KvSpec& kv);

// Where such a cache's blocks lie. Error: no file can be made.
Result<SlabSource> slabs_of(const KvOptions& options);

// Error: patterns that choose among all keys by content, with a policy that drops some.
Status check_composition(const ModelSpec& model, const HeadPatterns& heads, const KvSpec& kv);

// Error: patterns that choose by content, or a policy that drops keys, where layers are extended
// (model/self_extend.h).
Status check_extension(const ModelSpec& model, const HeadPatterns& heads, const KvSpec& kv);

// What a cache holds and dropped.
struct KvCount {
  size_t bytes = 0;          // resident: of the cache's blocks
  size_t file_bytes = 0;     // of those that lie in a file
  size_t nominal_bytes = 0;  // of the tokens it holds, in its types, and nothing else
  // Tokens that are held no more under a policy, summed over layers and KV heads.
  uint64_t evicted = 0;
  std::vector<std::vector<size_t>> kept;  // [layer][KV head]: tokens
};

class SessionCache {
 public:
  // `compute` is compute_for()'s; what is given by reference must outlive this, but for the
  // options. `context`: most tokens. `source`: where blocks lie, slabs_of()'s.
  SessionCache(const Compute& compute, const ModelSpec& model, const HeadPatterns& heads,
               const KvOptions& options, int64_t context, SlabSource source = {});

  KvCache& cache() { return cache_; }
  const KvCache& cache() const { return cache_; }
  // Whether a layer's heads may come to hold less than the whole text.
  bool drops(size_t layer) const { return policy_drops() || needs_less_[layer]; }
  bool policy_drops() const { return eviction_ != nullptr; }
  // What queries see by the policy; none: whatever is kept.
  std::optional<KvReach> reach() const;

  // `count` tokens are to come, all of them in steps of up to `chunk`. Error: they cannot fit.
  Status expect(size_t count, size_t chunk);
  Status reserve(size_t count) { return cache_.reserve(count); }
  // Whether observe() must be told of each layer's call.
  bool observes() const { return eviction_ != nullptr && eviction_->observes(); }
  void observe(size_t layer, const AttendArgs& args);
  void commit(size_t count, bool decoding);
  // The first position that any query from `next` on sees in a layer, rounded down to a block; 0
  // where layers drop nothing.
  uint64_t first_seen(size_t layer, uint64_t next) const;
  // What layers drop since no later query can see it stays from this position on.
  void hold_from(uint64_t position);
  // A text was read: blocks that are whole and still plain are coded.
  void settle();
  void clear();

  // What the policy knows beside cache(), and what it knew of a text that this was filled with
  // again. Error: it is of another policy or cache.
  std::string statistics() const { return eviction_ ? eviction_->statistics() : std::string(); }
  Status restore(std::string_view statistics);

  KvCount count() const;
  Eviction* eviction() { return eviction_.get(); }
  size_t bytes() const { return cache_.bytes() + (eviction_ ? eviction_->bytes() : 0); }

 private:
  // The first position that any query from `next` on sees in a layer, rounded down to a block.
  int64_t first_needed(size_t layer, int64_t next) const;
  void drop_unseen();

  const Compute& compute_;
  const HeadPatterns& heads_;
  int64_t context_;
  int64_t held_from_ = INT64_MAX;
  bool settled_ = false;
  PolicyPtr policy_;
  KvCache cache_;
  std::vector<bool> needs_less_;        // [layer]: its patterns look at the end of the text alone
  std::unique_ptr<Eviction> eviction_;  // null: the policy keeps everything
};

}  // namespace fathom
