#include "fathom/bench/sequence.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "fathom/bench/synthetic_kv.h"

namespace fathom {
namespace {

constexpr size_t kChunk = 512;

}  // namespace

Sequence::Sequence(const Compute& compute, const Model& model, HeadPatterns heads)
    : compute_(compute),
      model_(model),
      heads_(std::move(heads)),
      cache_(kv_shapes(model.spec), compute.operand),
      forward_(compute, model.spec, model.weights),
      logits_(model.spec.vocabulary) {}

Status Sequence::fill(size_t count) {
  FATHOM_CHECK(cache_.reserve(count));
  size_t widest = 0;
  for (const KvLayerShape& shape : kv_shapes(model_.spec))
    widest = std::max(widest, shape.kv_heads * shape.head_dim);
  const std::vector<float> rows = random_normal(kChunk * widest, 5);
  while (count > 0) {
    const size_t some = std::min(count, kChunk);
    for (size_t layer = 0; layer < cache_.layers(); ++layer) {
      const AttentionSpec& spec = model_.spec.layers[layer].attention;
      const ConstMatrix<float> part(rows.data(), some, spec.kv_heads * spec.head_dim);
      cache_.write(*compute_.pool, layer, part, part);
    }
    cache_.commit(some);
    count -= some;
  }
  return {};
}

Status Sequence::read(size_t count) {
  std::vector<TokenId> tokens(count);
  for (size_t i = 0; i < count; ++i)
    tokens[i] = static_cast<TokenId>((cache_.tokens() + i) * 7919 % model_.spec.vocabulary);
  for (size_t done = 0; done < count;) {
    const size_t some = std::min(kChunk, count - done);
    FATHOM_TRY(const ConstMatrix<float> hidden, step(std::span(tokens).subspan(done, some)));
    done += some;
    if (done == count)
      forward_.logits(hidden.rows_at(some - 1, 1), {logits_.data(), 1, logits_.size()});
  }
  return {};
}

Result<ConstMatrix<float>> Sequence::step(std::span<const TokenId> tokens) {
  const auto begin = static_cast<int64_t>(cache_.tokens());
  const auto end = begin + static_cast<int64_t>(tokens.size());
  FATHOM_CHECK(cache_.reserve(tokens.size()));
  std::vector<Position> positions;
  for (int64_t i = begin; i < end; ++i) positions.push_back({i});
  const std::vector<BlockPlan> plans = plans_of(heads_.patterns, begin, end);
  const AttendLayer attend_layer = attend_over(compute_, model_.spec, cache_, plans, heads_);
  const ConstMatrix<float> hidden = forward_.run(tokens, positions, cache_, attend_layer);
  cache_.commit(tokens.size());
  return hidden;
}

}  // namespace fathom
