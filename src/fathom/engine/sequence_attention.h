// Attention of all layers of a model over one sequence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "fathom/attention/attention_layer.h"
#include "fathom/base/kv_reach.h"
#include "fathom/engine/head_patterns.h"
#include "fathom/kernels/compute.h"
#include "fathom/kv/cache.h"
#include "fathom/model/forward.h"
#include "fathom/model/spec.h"

namespace fathom {

// Of a cache that drops keys.
struct DroppingCache {
  std::vector<bool> layers = {};  // which of them do; empty: none
  // Told of each layer's call once it ran, log sums included; null: nobody asks.
  std::function<void(size_t layer, const AttendArgs& args)> observe = {};
};

class SequenceAttention {
 public:
  // For up to `context` tokens. `measure`: what share of full attention's weights the patterns
  // keep, of one of every AttentionLayer::kMeasured queries; of layers that drop keys, nothing is
  // measured. What is given by reference must outlive this.
  SequenceAttention(const Compute& compute, const ModelSpec& spec, const HeadPatterns& heads,
                    size_t context, bool measure, DroppingCache dropping = {});

  // How the forward pass of the tokens at `positions`, those after all before, attends over
  // `cache`; counts what it costs. `ends`: what of the text ends with each of them, if that is
  // known. `reach`: what the cache's policy lets them see. Valid as long as these and until the
  // next call.
  AttendLayer step(PositionRange positions, const KvCache& cache,
                   std::span<const TextEnd> ends = {}, const std::optional<KvReach>& reach = {});

  // Called after each layer's plans of a step are made, with what was planned.
  using Watcher =
      std::function<void(size_t layer, PositionRange queries, const AttentionLayer::Plans& plans)>;
  void watch(Watcher watcher) { watcher_ = std::move(watcher); }

  // Takes a layer's keys and values that no query comes with.
  void append(size_t layer, ConstMatrix<float> keys, ConstMatrix<float> values);
  void clear();  // forgets every token, but not what they cost

  const AttentionCount& count() const { return count_; }
  // Of copies of keys in other orders, and of indices.
  size_t bytes() const;

 private:
  bool drops(size_t layer) const { return !dropping_.layers.empty() && dropping_.layers[layer]; }

  const Compute& compute_;
  const ModelSpec& spec_;
  const HeadPatterns& heads_;
  size_t context_;
  bool measure_;
  DroppingCache dropping_;
  SharedPlans plans_;
  std::vector<AttentionLayer> layers_;
  uint64_t texts_ = 0;  // begun so far: each has queries of its own measured
  AttentionCount count_;
  Watcher watcher_;
};

}  // namespace fathom
