#include "fathom/engine/session_cache.h"

#include <algorithm>
#include <string>
#include <utility>

#include "fathom/attention/key_index.h"
#include "fathom/kernels/coded_block.h"
#include "fathom/kernels/panel.h"
#include "fathom/model/model.h"

namespace fathom {
namespace {

constexpr int64_t kBlockTokens = kBlock;

bool drops_tokens(const Policy& policy) { return policy.budget() || policy.reach(); }

std::vector<size_t> heads_of_layers(const ModelSpec& model) {
  std::vector<size_t> heads;
  heads.reserve(model.layers.size());
  for (const LayerSpec& layer : model.layers) heads.push_back(layer.attention.heads);
  return heads;
}

// Bytes of one token of one head, in a whole block.
double token_bytes(const KvFormat& format, size_t head_dim) {
  const KvType plain = plain_type(format.operand);
  const size_t keys = format.keys == plain ? key_block_bytes(format.operand, head_dim)
                                           : coded_key_bytes(format.keys, head_dim);
  const size_t values = format.values == plain ? value_block_bytes(format.operand, head_dim)
                                               : coded_value_bytes(format.values, head_dim);
  return static_cast<double>(keys + values) / kBlock;
}

}  // namespace

KvFormat format_of(const Compute& compute, const KvSpec& kv) {
  const KvType plain = plain_type(compute.operand);
  return {.operand = compute.operand,
          .keys = kv.keys.value_or(plain),
          .values = kv.values.value_or(plain)};
}

Result<Compute> compute_for(const Compute& engine, const KvSpec& kv) {
  Compute compute = engine;
  // Keys that go from block to block would be rounded about one mean after another.
  const bool moves = kv.policy->budget().has_value();
  if (compute.operand == Operand::int8 && (kv.keys || moves)) compute.operand = Operand::bf16;
  for (const std::optional<KvType>& type : {kv.keys, kv.values})
    if (type == KvType::f32 && compute.operand != Operand::f32)
      return Error{
          "f32: attention multiplies in bf16, which would read no more than that of it; "
          "take --precision f32, or one of f16, bf16, q8, q4"};
  return compute;
}

Result<SlabSource> slabs_of(const KvOptions& options) {
  if (!options.ram) return SlabSource();
  return SlabSource::within(options.ram->bytes, options.ram->folder);
}

Status check_composition(const ModelSpec& model, const HeadPatterns& heads, const KvSpec& kv) {
  if (!drops_tokens(*kv.policy)) return {};
  for (size_t layer = 0; layer < model.layers.size(); ++layer) {
    const AttentionSpec& attention = model.layers[layer].attention;
    for (const size_t which : heads.of_head[layer]) {
      const PatternPtr& pattern = heads.patterns[which];
      const AttentionShape shape{
          .heads = attention.heads, .kv_heads = attention.kv_heads, .head_dim = attention.head_dim};
      if (pattern->index(shape) == nullptr) continue;
      return Error{pattern->spec() + " chooses by content among all keys of the text, and " +
                   kv.policy->spec() +
                   " drops some of them: take a pattern that positions settle, or --kv keep"};
    }
  }
  return {};
}

Status check_extension(const ModelSpec& model, const HeadPatterns& heads, const KvSpec& kv) {
  for (size_t layer = 0; layer < model.layers.size(); ++layer) {
    const AttentionSpec& attention = model.layers[layer].attention;
    if (!attention.extend) continue;
    if (drops_tokens(*kv.policy))
      return Error{"self_extend keeps far keys turned otherwise than near ones, and " +
                   kv.policy->spec() + " would drop keys of both: take --kv keep, of any type"};
    for (const size_t which : heads.of_head[layer])
      if (heads.patterns[which]->index({.head_dim = attention.head_dim}) != nullptr)
        return Error{"self_extend meets a key in two ways, and " + heads.patterns[which]->spec() +
                     " chooses by content of one: take a pattern that positions settle"};
  }
  return {};
}

SessionCache::SessionCache(const Compute& compute, const ModelSpec& model,
                           const HeadPatterns& heads, const KvOptions& options, int64_t context,
                           SlabSource source)
    : compute_(compute),
      heads_(heads),
      context_(context),
      policy_(options.spec.policy),
      cache_(kv_shapes(model), format_of(compute, options.spec), std::move(source)) {
  for (size_t layer = 0; layer < model.layers.size(); ++layer)
    needs_less_.push_back(options.drop_unseen && !model.layers[layer].attention.extend &&
                          first_needed(layer, context - 1) > 0);
  if (!drops_tokens(*policy_)) return;
  eviction_ = std::make_unique<Eviction>(policy_, options.split, cache_, heads_of_layers(model));
  // Where tokens go by their scores, blocks are written anew time and again; where they go by
  // position, whole blocks go.
  if (!reach()) cache_.set_coding(false);
}

std::optional<KvReach> SessionCache::reach() const { return policy_->reach(); }

Status SessionCache::expect(size_t count, size_t chunk) {
  if (eviction_ != nullptr) eviction_->expect(cache_.tokens() + count);
  const bool all_stays = std::ranges::find(needs_less_, true) == needs_less_.end();
  if (policy_drops() || cache_.format().coded() || cache_.has_file() || !all_stays)
    return reserve(std::min(count, chunk));
  return reserve(count);
}

void SessionCache::observe(size_t layer, const AttendArgs& args) {
  eviction_->observe(compute_, cache_, layer, args);
}

void SessionCache::commit(size_t count, bool decoding) {
  cache_.commit(*compute_.pool, count);
  drop_unseen();
  if (eviction_ == nullptr) return;
  eviction_->evict(*compute_.pool, cache_, decoding);
  if (settled_) cache_.settle(*compute_.pool);
}

uint64_t SessionCache::first_seen(size_t layer, uint64_t next) const {
  if (!needs_less_[layer]) return 0;
  return static_cast<uint64_t>(first_needed(layer, static_cast<int64_t>(next)));
}

void SessionCache::hold_from(uint64_t position) {
  held_from_ = static_cast<int64_t>(std::min<uint64_t>(position, INT64_MAX));
}

void SessionCache::settle() {
  if (settled_ || (!policy_drops() && !cache_.format().coded())) return;
  settled_ = cache_.format().coded();
  cache_.settle(*compute_.pool);
  cache_.trim();
}

void SessionCache::clear() {
  cache_.truncate(0);
  held_from_ = INT64_MAX;
  settled_ = false;
  if (eviction_ != nullptr) eviction_->clear();
}

Status SessionCache::restore(std::string_view statistics) {
  if (eviction_ != nullptr) return eviction_->restore(statistics, cache_);
  return statistics.empty() ? Status() : Error{"it is of a cache that drops tokens"};
}

int64_t SessionCache::first_needed(size_t layer, int64_t next) const {
  const auto unseen = [&](int64_t block) {
    const PositionRange keys{{0}, {block * kBlockTokens}};
    return std::ranges::all_of(heads_.of_head[layer], [&](size_t which) {
      return heads_.patterns[which]->cover({{next}, {context_}}, keys) == Coverage::empty;
    });
  };
  int64_t first = 0;  // blocks: those before it nobody sees
  int64_t last = next / kBlockTokens;
  while (first < last) {
    const int64_t middle = first + (last - first + 1) / 2;
    if (unseen(middle)) {
      first = middle;
    } else {
      last = middle - 1;
    }
  }
  return first * kBlockTokens;
}

void SessionCache::drop_unseen() {
  std::vector<uint32_t> kept;
  for (size_t layer = 0; layer < needs_less_.size(); ++layer) {
    if (!needs_less_[layer]) continue;
    const int64_t next = first_needed(layer, static_cast<int64_t>(cache_.tokens()));
    const Position needed{std::min(next, held_from_)};
    for (size_t head = 0; head < cache_.shape(layer).kv_heads; ++head) {
      const std::span<const Position> held = cache_.positions(layer, head);
      const auto first = static_cast<size_t>(std::ranges::lower_bound(held, needed) - held.begin());
      if (first < kBlock) continue;
      kept.clear();
      for (size_t slot = first; slot < held.size(); ++slot)
        kept.push_back(static_cast<uint32_t>(slot));
      cache_.keep(*compute_.pool, layer, head, kept);
    }
  }
}

KvCount SessionCache::count() const {
  KvCount count;
  count.bytes = cache_.bytes_in_memory();
  count.file_bytes = cache_.bytes() - count.bytes;
  double nominal = 0;
  for (size_t layer = 0; layer < cache_.layers(); ++layer) {
    const KvLayerShape& shape = cache_.shape(layer);
    std::vector<size_t>& kept = count.kept.emplace_back();
    for (size_t head = 0; head < shape.kv_heads; ++head) {
      kept.push_back(cache_.slots(layer, head));
      if (policy_drops()) count.evicted += cache_.tokens() - kept.back();
      nominal += token_bytes(cache_.format(), shape.head_dim) * static_cast<double>(kept.back());
    }
  }
  count.nominal_bytes = static_cast<size_t>(nominal);
  return count;
}

}  // namespace fathom
