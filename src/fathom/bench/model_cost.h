// What a step of a model must compute and read at least, counted from its spec and weights.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "fathom/engine/head_patterns.h"
#include "fathom/kv/cache.h"
#include "fathom/model/model.h"

namespace fathom {

class ModelCost {
 public:
  // `model` must outlive this.
  ModelCost(const Model& model, HeadPatterns heads) : model_(model), heads_(std::move(heads)) {}

  // FLOP of `tokens` in all layers' projections, and of one token's logits.
  double projection_flops(size_t tokens) const;
  // FLOP of all layers' scores and outputs of `tokens` tokens behind `depth`.
  double attention_flops(size_t depth, size_t tokens) const;
  // Bytes of the weights that one token is multiplied by.
  double weight_bytes() const;
  // Bytes of keys and values that one token behind `depth` sees; of a KV head as many as that of
  // its query heads sees that sees most.
  double cache_bytes(const KvFormat& format, size_t depth) const;

 private:
  // Query-key pairs that a head of each pattern scores.
  std::vector<double> pairs(size_t depth, size_t tokens) const;

  const Model& model_;
  HeadPatterns heads_;
};

}  // namespace fathom
