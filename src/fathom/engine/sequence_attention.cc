#include "fathom/engine/sequence_attention.h"

#include <utility>

namespace fathom {

SequenceAttention::SequenceAttention(const Compute& compute, const ModelSpec& spec,
                                     const HeadPatterns& heads, size_t context, bool measure,
                                     DroppingCache dropping)
    : compute_(compute),
      spec_(spec),
      heads_(heads),
      context_(context),
      measure_(measure),
      dropping_(std::move(dropping)),
      plans_(static_cast<int64_t>(context)) {
  clear();
}

void SequenceAttention::clear() {
  ++texts_;
  layers_.clear();
  for (size_t i = 0; i < spec_.layers.size(); ++i) {
    const AttentionSpec& attention = spec_.layers[i].attention;
    std::vector<PatternPtr> patterns;
    for (const size_t pattern : heads_.of_head[i]) patterns.push_back(heads_.patterns[pattern]);
    layers_.emplace_back(AttentionShape{.heads = attention.heads,
                                        .kv_heads = attention.kv_heads,
                                        .head_dim = attention.head_dim,
                                        .scale = attention.scale,
                                        .context = static_cast<int64_t>(context_),
                                        .operand = compute_.operand,
                                        .near = attention.extend ? attention.extend->window : 0},
                         std::move(patterns), drops(i));
  }
}

AttendLayer SequenceAttention::step(PositionRange positions, const KvCache& cache,
                                    std::span<const TextEnd> ends,
                                    const std::optional<KvReach>& reach) {
  plans_.begin(positions);
  return [this, positions, &cache, ends, reach](const LayerTokens& tokens, Matrix<float> out) {
    AttentionLayer& layer = layers_[tokens.layer];
    layer.append(compute_, tokens.keys, tokens.values, ends);
    std::vector<std::span<const Position>> kept;
    if (drops(tokens.layer))
      for (size_t head = 0; head < spec_.layers[tokens.layer].attention.kv_heads; ++head)
        kept.push_back(cache.positions(tokens.layer, head));
    const AttentionCall call{.compute = &compute_,
                             .queries = tokens.queries,
                             .positions = positions,
                             .cache = cache.view(tokens.layer),
                             .kept = kept,
                             .reach = drops(tokens.layer) ? reach : std::nullopt,
                             .slot_queries = tokens.slot_queries};
    const AttentionLayer::Plans plans = layer.plan(call, plans_);
    if (watcher_) watcher_(tokens.layer, positions, plans);
    const bool measured = measure_ && !drops(tokens.layer);
    const std::optional<uint64_t> seed =
        measured ? std::optional(texts_ * layers_.size() + tokens.layer) : std::nullopt;
    AttentionLayer::Observer observe;
    if (dropping_.observe)
      observe = [this, &tokens](const AttendArgs& args) { dropping_.observe(tokens.layer, args); };
    count_.add(layer.attend(call, plans, seed, out, observe));
    if (cache.has_file()) cache.rest();  // the next layer's keys need the room
  };
}

void SequenceAttention::append(size_t layer, ConstMatrix<float> keys, ConstMatrix<float> values) {
  layers_[layer].append(compute_, keys, values);
}

size_t SequenceAttention::bytes() const {
  size_t bytes = 0;
  for (const AttentionLayer& layer : layers_) bytes += layer.bytes();
  return bytes;
}

}  // namespace fathom
