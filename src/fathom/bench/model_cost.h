// What a step of a model must compute and read at least, counted from its spec and weights.
#pragma once

#include <cstddef>
#include <vector>

#include "fathom/attention/pattern.h"
#include "fathom/base/result.h"
#include "fathom/kernels/compute.h"
#include "fathom/model/model.h"

namespace fathom {

// What each layer's queries see: its own window, narrowed by `attention` unless that is null.
Result<std::vector<PatternPtr>> patterns_of_layers(const ModelSpec& spec,
                                                   const PatternPtr& attention);

class ModelCost {
 public:
  // `model` must outlive this.
  ModelCost(const Model& model, std::vector<PatternPtr> patterns)
      : model_(model), patterns_(std::move(patterns)) {}

  // FLOP of `tokens` in all layers' projections, and of one token's logits.
  double projection_flops(size_t tokens) const;
  // FLOP of all layers' scores and outputs of `tokens` tokens behind `depth`.
  double attention_flops(size_t depth, size_t tokens) const;
  // Bytes of the weights that one token is multiplied by.
  double weight_bytes() const;
  // Bytes of keys and values that one token behind `depth` sees.
  double cache_bytes(Operand operand, size_t depth) const;

 private:
  // Query-key pairs that a layer's head scores.
  double pairs(size_t layer, size_t depth, size_t tokens) const;

  const Model& model_;
  std::vector<PatternPtr> patterns_;  // of each layer
};

}  // namespace fathom
