// A sequence for timing: a model's steps at any depth, without the reading that leads there.
//
// It makes the steps that Session makes (engine/engine.h), through the same forward pass, planner
// and kernels. Beyond that its cache can be filled with numbers, since a step's time does not
// depend on them, and cut back to a depth, so that the same step can be timed again.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "fathom/base/result.h"
#include "fathom/engine/head_patterns.h"
#include "fathom/engine/sequence_attention.h"
#include "fathom/engine/session_cache.h"
#include "fathom/kv/cache.h"
#include "fathom/model/forward.h"
#include "fathom/model/model.h"

namespace fathom {

class Sequence {
 public:
  // For up to `context` tokens, in the cache types of `kv`. `model` must outlive this.
  Sequence(const Compute& compute, const Model& model, HeadPatterns heads, const KvSpec& kv,
           size_t context);

  // Appends `count` tokens' keys and values, random ones. Error: memory ran out.
  Status fill(size_t count);
  // Appends `count` tokens by reading them, in chunks as a session's, and computes the logits of
  // the last. Error: memory ran out.
  Status read(size_t count);
  void truncate(size_t count);

  size_t cache_bytes() const { return cache_.bytes(); }

 private:
  ConstMatrix<float> random_rows(size_t layer, size_t count) const;
  // The hidden states of `tokens`, valid until the next step.
  Result<ConstMatrix<float>> step(std::span<const TokenId> tokens);

  Compute compute_;
  const Model& model_;
  HeadPatterns heads_;
  KvCache cache_;
  SequenceAttention attention_;
  Forward forward_;
  Buffer<float> logits_;
  std::vector<float> random_;
};

}  // namespace fathom
