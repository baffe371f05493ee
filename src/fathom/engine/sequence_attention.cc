#include "fathom/engine/sequence_attention.h"

#include <utility>

namespace fathom {

SequenceAttention::SequenceAttention(const Compute& compute, const ModelSpec& spec,
                                     const HeadPatterns& heads, size_t context, bool measure)
    : compute_(compute),
      spec_(spec),
      heads_(heads),
      context_(context),
      measure_(measure),
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
                                        .operand = compute_.operand},
                         std::move(patterns));
  }
}

AttendLayer SequenceAttention::step(PositionRange positions, const KvCache& cache,
                                    std::span<const TextEnd> ends) {
  plans_.begin(positions);
  return [this, positions, &cache, ends](const LayerTokens& tokens, Matrix<float> out) {
    AttentionLayer& layer = layers_[tokens.layer];
    layer.append(compute_, tokens.keys, tokens.values, ends);
    const AttentionCall call{.compute = &compute_,
                             .queries = tokens.queries,
                             .positions = positions,
                             .cache = cache.view(tokens.layer)};
    const AttentionLayer::Plans plans = layer.plan(call, plans_);
    if (watcher_) watcher_(tokens.layer, positions, plans);
    const std::optional<uint64_t> seed =
        measure_ ? std::optional(texts_ * layers_.size() + tokens.layer) : std::nullopt;
    count_.add(layer.attend(call, plans, seed, out));
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
