#include "fathom/engine/layer_attention.h"

#include "fathom/attention/planner.h"

namespace fathom {

std::vector<BlockPlan> plans_of(std::span<const PatternPtr> patterns, int64_t begin, int64_t end) {
  std::vector<BlockPlan> plans;
  plans.reserve(patterns.size());
  for (const PatternPtr& pattern : patterns)
    plans.push_back(plan_blocks(*pattern, {.queries = {{begin}, {end}}, .keys = {{0}, {end}}}));
  return plans;
}

AttendLayer attend_over(const Compute& compute, const ModelSpec& spec, const KvCache& cache,
                        std::span<const BlockPlan> plans, std::span<const size_t> plan_of_layer) {
  return [&compute, &spec, &cache, plans, plan_of_layer](size_t layer, ConstMatrix<float> queries,
                                                         Matrix<float> out) {
    const AttentionSpec& attention = spec.layers[layer].attention;
    const std::vector<const BlockPlan*> plan_of_head(attention.heads, &plans[plan_of_layer[layer]]);
    attend(compute, {.queries = queries,
                     .out = out,
                     .head_dim = attention.head_dim,
                     .scale = attention.scale,
                     .kv_heads = cache.view(layer),
                     .plan_of_head = plan_of_head});
  };
}

}  // namespace fathom
