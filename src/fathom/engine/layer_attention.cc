#include "fathom/engine/layer_attention.h"

#include <algorithm>
#include <string>
#include <utility>

#include "fathom/attention/compose.h"
#include "fathom/attention/planner.h"
#include "fathom/attention/spec.h"

namespace fathom {
namespace {

// What a head sees: its layer's own window, narrowed by the user's pattern.
Result<PatternPtr> narrowed(const AttentionSpec& layer, PatternPtr attention) {
  if (!layer.window) return attention;
  FATHOM_TRY(PatternPtr window,
             parse_pattern("window(size=" + std::to_string(*layer.window) + ")"));
  if (attention->spec() == "full") return window;
  return intersect(std::move(window), std::move(attention));
}

}  // namespace

Result<HeadPatterns> patterns_of(const ModelSpec& spec, const PatternMap& attention) {
  std::vector<size_t> heads_of_layer;
  heads_of_layer.reserve(spec.layers.size());
  for (const LayerSpec& layer : spec.layers) heads_of_layer.push_back(layer.attention.heads);
  FATHOM_CHECK(attention.check(heads_of_layer));

  HeadPatterns found;
  std::vector<std::string> specs;  // of found.patterns
  for (size_t layer = 0; layer < spec.layers.size(); ++layer) {
    std::vector<size_t>& of_head = found.of_head.emplace_back();
    for (size_t head = 0; head < heads_of_layer[layer]; ++head) {
      const Placement placement{.layer = layer, .head = head, .heads = heads_of_layer[layer]};
      FATHOM_TRY(PatternPtr pattern,
                 narrowed(spec.layers[layer].attention, attention.pattern_for(placement)));
      const std::string text = pattern->spec();
      const auto same = std::ranges::find(specs, text);
      of_head.push_back(static_cast<size_t>(same - specs.begin()));
      if (same != specs.end()) continue;
      specs.push_back(text);
      found.patterns.push_back(std::move(pattern));
    }
  }
  return found;
}

std::vector<BlockPlan> plans_of(std::span<const PatternPtr> patterns, int64_t begin, int64_t end) {
  std::vector<BlockPlan> plans;
  plans.reserve(patterns.size());
  for (const PatternPtr& pattern : patterns)
    plans.push_back(plan_blocks(*pattern, {.queries = {{begin}, {end}}, .keys = {{0}, {end}}}));
  return plans;
}

PairCount count_pairs(const HeadPatterns& heads, std::span<const BlockPlan> plans, int64_t begin,
                      int64_t end) {
  std::vector<uint64_t> scored;
  for (const BlockPlan& plan : plans) scored.push_back(scored_pairs(plan));
  const auto full = static_cast<uint64_t>((end - begin) * (begin + end + 1) / 2);
  PairCount count;
  for (const std::vector<size_t>& of_head : heads.of_head) {
    for (const size_t pattern : of_head) count.scored += scored[pattern];
    count.full += of_head.size() * full;
  }
  return count;
}

AttendLayer attend_over(const Compute& compute, const ModelSpec& spec, const KvCache& cache,
                        std::span<const BlockPlan> plans, const HeadPatterns& heads) {
  return [&compute, &spec, &cache, plans, &heads](size_t layer, ConstMatrix<float> queries,
                                                  Matrix<float> out) {
    const AttentionSpec& attention = spec.layers[layer].attention;
    std::vector<const BlockPlan*> plan_of_head;
    for (const size_t pattern : heads.of_head[layer]) plan_of_head.push_back(&plans[pattern]);
    attend(compute, {.queries = queries,
                     .out = out,
                     .head_dim = attention.head_dim,
                     .scale = attention.scale,
                     .kv_heads = cache.view(layer),
                     .plan_of_head = plan_of_head});
  };
}

}  // namespace fathom
