#include "fathom/bench/model_cost.h"

#include <algorithm>
#include <array>

#include "fathom/attention/head_plan.h"
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

double ModelCost::projection_flops(size_t tokens) const {
  double weights = 0;
  for (const LayerWeights& layer : model_.weights.layers)
    for (const Weights* w : projections(layer)) weights += elements(*w);
  return 2 * (weights * static_cast<double>(tokens) + elements(model_.weights.head));
}

std::vector<double> ModelCost::pairs(size_t depth, size_t tokens) const {
  std::vector<double> pairs;
  pairs.reserve(heads_.patterns.size());
  const auto begin = static_cast<int64_t>(depth);
  const auto end = static_cast<int64_t>(depth + tokens);
  const PlanRequest request{.queries = {{begin}, {end}}, .keys = {{0}, {end}}};
  for (const PatternPtr& pattern : heads_.patterns)
    pairs.push_back(static_cast<double>(plan_head(pattern, request, end).pairs));
  return pairs;
}

double ModelCost::attention_flops(size_t depth, size_t tokens) const {
  const std::vector<double> of_pattern = pairs(depth, tokens);
  double flops = 0;
  for (size_t layer = 0; layer < heads_.of_head.size(); ++layer)
    for (const size_t pattern : heads_.of_head[layer])
      flops += 4 * static_cast<double>(model_.spec.layers[layer].attention.head_dim) *
               of_pattern[pattern];
  return flops;
}

double ModelCost::weight_bytes() const {
  double sum = bytes(model_.weights.head);
  for (const LayerWeights& layer : model_.weights.layers)
    for (const Weights* w : projections(layer)) sum += bytes(*w);
  return sum;
}

double ModelCost::cache_bytes(const KvFormat& format, size_t depth) const {
  const std::vector<double> of_pattern = pairs(depth, 1);
  double sum = 0;
  for (size_t layer = 0; layer < heads_.of_head.size(); ++layer) {
    const AttentionSpec& spec = model_.spec.layers[layer].attention;
    const size_t group = spec.heads / spec.kv_heads;
    for (size_t kv_head = 0; kv_head < spec.kv_heads; ++kv_head) {
      double most = 0;
      for (size_t i = 0; i < group; ++i)
        most = std::max(most, of_pattern[heads_.of_head[layer][kv_head * group + i]]);
      sum += static_cast<double>(kv_bytes(format, 1, spec.head_dim, static_cast<size_t>(most)));
    }
  }
  return sum;
}

}  // namespace fathom
