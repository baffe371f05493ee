// A small text and the cache that it is read into, step by step as a session does it, for tests of
// eviction.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "fathom/kv/eviction.h"
#include "fathom/kv/kv_spec.h"

namespace fathom {
namespace {

constexpr size_t kGroup = 2;
// The second layer has no attention of its own.
const std::vector<KvLayerShape> kShapes = {{2, 32}, {0, 0}, {3, 16}, {2, 32}};

std::vector<size_t> heads_of_layers() {
  std::vector<size_t> heads;
  for (const KvLayerShape& shape : kShapes) heads.push_back(shape.kv_heads * kGroup);
  return heads;
}

// A text of random queries, keys and values, and the cache that it is read into.
class Text {
 public:
  Text(PolicyPtr policy, const BudgetSplit& split, const KvFormat& format = {Operand::f32})
      : cache(kShapes, format), eviction(std::move(policy), split, cache, heads_of_layers()) {}

  // What of the text is read next. `decoding`: as an answer that is generated.
  void step(size_t tokens, bool decoding = false) {
    ASSERT_TRUE(cache.reserve(tokens).ok());
    for (size_t layer = 0; layer < kShapes.size(); ++layer) {
      if (kShapes[layer].kv_heads == 0) continue;
      attend_layer(layer, tokens);
    }
    cache.commit(pool, tokens);
    eviction.evict(pool, cache, decoding);
  }

  // Steps of random sizes up to `most`.
  void read(size_t tokens, size_t most) {
    eviction.expect(cache.tokens() + tokens);
    while (tokens > 0) {
      const size_t count = std::min<size_t>(tokens, 1 + random() % most);
      ASSERT_NO_FATAL_FAILURE(step(count));
      tokens -= count;
    }
  }

  const float* query(size_t layer, int64_t position, size_t head) const {
    return queries.at(layer).data() +
           (static_cast<size_t>(position) * kShapes[layer].kv_heads * kGroup + head) *
               kShapes[layer].head_dim;
  }

  ThreadPool pool{1};
  Compute compute{.pool = &pool};
  KvCache cache;
  Eviction eviction;
  std::mt19937 random{7};
  std::map<size_t, std::vector<float>> queries;  // by layer, of the whole text
  // Told of each layer's queries once they attended: layer, first query, end.
  std::function<void(size_t, int64_t, int64_t)> attended;
  float scale = 0.3f;

 private:
  std::vector<float> rows(size_t count) {
    std::normal_distribution<float> normal;
    std::vector<float> numbers(count);
    for (float& x : numbers) x = normal(random);
    return numbers;
  }

  // Full causal attention over what each head holds.
  BlockPlan plan(size_t layer, size_t head, size_t tokens) const {
    const std::span<const Position> held = cache.positions(layer, head);
    const auto begin = static_cast<int64_t>(cache.tokens());
    BlockPlan plan{.queries = tokens};
    for (size_t first = 0; first < tokens; first += kBlock) {
      for (size_t block = 0; block * kBlock < held.size(); ++block) {
        BlockMask mask;
        for (size_t i = 0; i < std::min(kBlock, tokens - first); ++i)
          for (size_t j = 0; j < kBlock && block * kBlock + j < held.size(); ++j)
            mask.rows[i] |=
                uint64_t{held[block * kBlock + j].value <= begin + static_cast<int64_t>(first + i)}
                << j;
        plan.runs.push_back(
            {static_cast<uint32_t>(block), 1, static_cast<uint32_t>(plan.masks.size())});
        plan.masks.push_back(mask);
      }
      plan.run_begin.push_back(static_cast<uint32_t>(plan.runs.size()));
    }
    return plan;
  }

  void attend_layer(size_t layer, size_t tokens) {
    const KvLayerShape shape = kShapes[layer];
    const size_t width = shape.kv_heads * shape.head_dim;
    const std::vector<float> keys = rows(tokens * width), values = rows(tokens * width);
    cache.write(pool, layer, {keys.data(), tokens, width}, {values.data(), tokens, width});
    const std::vector<float> asked = rows(tokens * width * kGroup);
    queries[layer].insert(queries[layer].end(), asked.begin(), asked.end());
    std::vector<BlockPlan> plans;
    for (size_t h = 0; h < shape.kv_heads; ++h) plans.push_back(plan(layer, h, tokens));
    std::vector<const BlockPlan*> of_head;
    for (size_t h = 0; h < shape.kv_heads * kGroup; ++h) of_head.push_back(&plans[h / kGroup]);
    const auto parts = parts_of(cache.view(layer), of_head, cache.format().operand);
    std::vector<float> out(asked.size()), log_sums(tokens * shape.kv_heads * kGroup);
    const AttendArgs args{.queries = {asked.data(), tokens, width * kGroup},
                          .out = {out.data(), tokens, width * kGroup},
                          .head_dim = shape.head_dim,
                          .scale = scale,
                          .parts = parts,
                          .log_sums = {log_sums.data(), tokens, shape.kv_heads * kGroup}};
    attend(compute, args);
    if (eviction.observes()) eviction.observe(compute, cache, layer, args);
    if (attended) attended(layer, cache.tokens(), cache.tokens() + tokens);
  }
};

[[maybe_unused]] PolicyPtr policy_of(std::string_view spec) { return parse_kv_spec(spec)->policy; }

[[maybe_unused]] BudgetSplit split_of(std::string_view text) {
  return parse_budget_split(text).value();
}

}  // namespace
}  // namespace fathom
