// Attention of all layers of a model over one sequence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "fathom/attention/attention_layer.h"
#include "fathom/engine/head_patterns.h"
#include "fathom/kernels/compute.h"
#include "fathom/kv/cache.h"
#include "fathom/model/forward.h"
#include "fathom/model/spec.h"

namespace fathom {

class SequenceAttention {
 public:
  // For up to `context` tokens. `measure`: what share of full attention's weights the patterns
  // keep, of one of every AttentionLayer::kMeasured queries. What is given must outlive this.
  SequenceAttention(const Compute& compute, const ModelSpec& spec, const HeadPatterns& heads,
                    size_t context, bool measure);

  // How the forward pass of the tokens at `positions`, those after all before, attends over
  // `cache`; counts what it costs. `ends`: what of the text ends with each of them, if that is
  // known. Valid as long as these and until the next call.
  AttendLayer step(PositionRange positions, const KvCache& cache,
                   std::span<const TextEnd> ends = {});

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
  const Compute& compute_;
  const ModelSpec& spec_;
  const HeadPatterns& heads_;
  size_t context_;
  bool measure_;
  SharedPlans plans_;
  std::vector<AttentionLayer> layers_;
  uint64_t texts_ = 0;  // begun so far: each has queries of its own measured
  AttentionCount count_;
  Watcher watcher_;
};

}  // namespace fathom
