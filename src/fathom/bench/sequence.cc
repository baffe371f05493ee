#include "fathom/bench/sequence.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "fathom/bench/synthetic_kv.h"

namespace fathom {
namespace {

constexpr size_t kChunk = 512;

}  // namespace

Sequence::Sequence(const Compute& compute, const Model& model, HeadPatterns heads, const KvSpec& kv,
                   size_t context)
    : compute_(compute),
      model_(model),
      heads_(std::move(heads)),
      cache_(kv_shapes(model.spec), format_of(compute, kv)),
      attention_(compute_, model_.spec, heads_, context, false),
      forward_(compute, model.spec, model.weights),
      logits_(model.spec.vocabulary) {
  size_t widest = 0;
  for (const KvLayerShape& shape : kv_shapes(model_.spec))
    widest = std::max(widest, shape.kv_heads * shape.head_dim);
  random_ = random_normal(kChunk * widest, 5);
}

// `count` random rows, as wide as a layer's keys.
ConstMatrix<float> Sequence::random_rows(size_t layer, size_t count) const {
  const AttentionSpec& spec = model_.spec.layers[layer].attention;
  return {random_.data(), count, spec.kv_heads * spec.head_dim};
}

Status Sequence::fill(size_t count) {
  if (!cache_.format().coded()) FATHOM_CHECK(cache_.reserve(count));
  while (count > 0) {
    const size_t some = std::min(count, kChunk);
    FATHOM_CHECK(cache_.reserve(some));
    for (size_t layer = 0; layer < cache_.layers(); ++layer) {
      const ConstMatrix<float> rows = random_rows(layer, some);
      cache_.write(*compute_.pool, layer, rows, rows);
      attention_.append(layer, rows, rows);
    }
    cache_.commit(*compute_.pool, some);
    count -= some;
  }
  return {};
}

// What attention keeps beside the cache is not cut but made anew.
void Sequence::truncate(size_t count) {
  cache_.truncate(count);
  attention_.clear();
  for (size_t layer = 0; layer < cache_.layers(); ++layer)
    for (size_t done = 0; done < count; done += kChunk) {
      const ConstMatrix<float> rows = random_rows(layer, std::min(kChunk, count - done));
      attention_.append(layer, rows, rows);
    }
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
  const AttendLayer attend_layer = attention_.step({{begin}, {end}}, cache_);
  const ConstMatrix<float> hidden = forward_.run(tokens, positions, cache_, attend_layer);
  cache_.commit(*compute_.pool, tokens.size());
  return hidden;
}

}  // namespace fathom
