#include "fathom/bench/model_cost.h"

#include <array>
#include <string>

#include "fathom/attention/planner.h"
#include "fathom/attention/spec.h"
#include "fathom/bench/synthetic_kv.h"

namespace fathom {
namespace {

std::array<const Weights*, 7> projections(const LayerWeights& layer) {
  return {&layer.query, &layer.key, &layer.value, &layer.output,
          &layer.gate,  &layer.up,  &layer.down};
}

double elements(const Weights& weights) {
  return static_cast<double>(weights.rows) * static_cast<double>(weights.cols);
}

double bytes(const Weights& weights) {
  return static_cast<double>(weights.rows * row_bytes(weights.type, weights.cols));
}

}  // namespace

Result<std::vector<PatternPtr>> patterns_of_layers(const ModelSpec& spec,
                                                   const PatternPtr& attention) {
  std::vector<PatternPtr> patterns;
  for (const LayerSpec& layer : spec.layers) {
    const std::optional<size_t>& window = layer.attention.window;
    FATHOM_TRY(PatternPtr own,
               parse_pattern(window ? "window(size=" + std::to_string(*window) + ")" : "full"));
    patterns.push_back(attention ? intersect(std::move(own), attention) : std::move(own));
  }
  return patterns;
}

double ModelCost::projection_flops(size_t tokens) const {
  double weights = 0;
  for (const LayerWeights& layer : model_.weights.layers)
    for (const Weights* w : projections(layer)) weights += elements(*w);
  return 2 * (weights * static_cast<double>(tokens) + elements(model_.weights.head));
}

double ModelCost::pairs(size_t layer, size_t depth, size_t tokens) const {
  const auto first = static_cast<int64_t>(depth);
  const auto end = static_cast<int64_t>(depth + tokens);
  return static_cast<double>(scored_pairs(
      plan_blocks(*patterns_[layer], {.queries = {{first}, {end}}, .keys = {{0}, {end}}})));
}

double ModelCost::attention_flops(size_t depth, size_t tokens) const {
  double flops = 0;
  for (size_t i = 0; i < patterns_.size(); ++i) {
    const AttentionSpec& spec = model_.spec.layers[i].attention;
    flops += 4 * static_cast<double>(spec.head_dim * spec.heads) * pairs(i, depth, tokens);
  }
  return flops;
}

double ModelCost::weight_bytes() const {
  double sum = bytes(model_.weights.head);
  for (const LayerWeights& layer : model_.weights.layers)
    for (const Weights* w : projections(layer)) sum += bytes(*w);
  return sum;
}

double ModelCost::cache_bytes(Operand operand, size_t depth) const {
  double sum = 0;
  for (size_t i = 0; i < patterns_.size(); ++i) {
    const AttentionSpec& spec = model_.spec.layers[i].attention;
    sum += static_cast<double>(
        kv_bytes(operand, spec.kv_heads, spec.head_dim, static_cast<size_t>(pairs(i, depth, 1))));
  }
  return sum;
}

}  // namespace fathom
