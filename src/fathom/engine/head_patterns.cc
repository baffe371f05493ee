#include "fathom/engine/head_patterns.h"

#include <algorithm>
#include <string>
#include <utility>

#include "fathom/attention/key_index.h"

namespace fathom {

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
      PatternPtr pattern = attention.pattern_for({.layer = layer,
                                                  .head = head,
                                                  .heads = heads_of_layer[layer],
                                                  .window = spec.layers[layer].attention.window});
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

bool sees_as_trained(const ModelSpec& spec, const HeadPatterns& heads, int64_t tokens) {
  const auto own = patterns_of(spec, PatternMap());
  const PositionRange all{{0}, {tokens}};
  for (size_t layer = 0; layer < spec.layers.size(); ++layer) {
    for (size_t head = 0; head < heads.of_head[layer].size(); ++head) {
      const PatternPtr& given = heads.patterns[heads.of_head[layer][head]];
      const PatternPtr& trained = own->patterns[own->of_head[layer][head]];
      if (given->spec() == trained->spec()) continue;
      if (given->index({.head_dim = spec.layers[layer].attention.head_dim}) != nullptr)
        return false;
      if (given->cover(all, all) != Coverage::full || trained->cover(all, all) != Coverage::full)
        return false;
    }
  }
  return true;
}

}  // namespace fathom
