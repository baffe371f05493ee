#include "fathom/kv/eviction.h"

#include <algorithm>
#include <cassert>
#include <optional>
#include <utility>
#include <vector>

#include "fathom/kernels/key_sums.h"
#include "fathom/kv/attention_sums.h"
#include "fathom/kv/recent_queries.h"
#include "fathom/kv/selection.h"
#include "fathom/kv/statistics_bytes.h"

namespace fathom {
namespace {

// While decoding a layer may hold this part of its share too many.
constexpr size_t kSlackPart = 16;

size_t blocks_for(size_t slots) { return (slots + kBlock - 1) / kBlock; }

struct Layer {
  size_t group = 1;                   // query heads of a KV head
  float scale = 1;                    // of its scores
  std::vector<AttentionSums> got;     // [kv_heads], if the policy needs it
  std::optional<RecentQueries> last;  // if the policy needs it
};

// The KV heads of a layer that is to drop tokens.
struct Choice {
  size_t layer = 0;
  size_t budget = 0;                            // tokens of each head, on average
  std::vector<std::vector<float>> recent_sums;  // [kv_heads][slots], if the policy needs it
  std::vector<std::vector<float>> scores;       // [kv_heads][slots]
};

}  // namespace

struct Eviction::Impl {
  PolicyPtr policy;
  BudgetSplit split;
  KvNeeds needs;
  std::vector<Layer> layers;
  Compute compute;
  size_t text_tokens = 0;
  uint64_t evicted = 0;
  Trace trace;

  void keep(ThreadPool& pool, KvCache& cache, size_t layer, size_t head,
            std::span<const uint32_t> slots) {
    const size_t held = cache.slots(layer, head);
    if (slots.size() == held) return;
    if (needs.attention_sums) layers[layer].got[head].keep(slots);
    cache.keep(pool, layer, head, slots);
    evicted += held - slots.size();
    if (trace) trace(layer, head, cache.positions(layer, head));
  }

  // The sums of a layer's tokens are of those that the cache holds now.
  void follow(const KvCache& cache, size_t layer) {
    std::vector<AttentionSums>& got = layers[layer].got;
    for (size_t h = 0; h < got.size(); ++h)
      got[h].follow(cache.positions(layer, h), cache.tokens());
  }

  void drop_passed(ThreadPool& pool, KvCache& cache, const KvReach& reach);
  std::vector<Choice> due(const KvCache& cache, const KvBudget& budget, bool decoding) const;
  void look(const KvCache& cache, Choice& choice) const;
  void score(const KvCache& cache, const Choice& choice, size_t head, std::span<float> to) const;
  void share_scores(Choice& choice) const;
  Status read(std::string_view statistics, const KvCache& cache);
};

Eviction::Eviction(PolicyPtr policy, const BudgetSplit& split, const KvCache& cache,
                   std::span<const size_t> heads)
    : impl_(std::make_unique<Impl>()) {
  impl_->needs = policy->needs();
  impl_->policy = std::move(policy);
  impl_->split = split;
  for (size_t l = 0; l < cache.layers(); ++l) {
    const KvLayerShape& shape = cache.shape(l);
    Layer& layer = impl_->layers.emplace_back();
    if (shape.kv_heads == 0) continue;
    layer.group = heads[l] / shape.kv_heads;
    if (impl_->needs.attention_sums) layer.got.resize(shape.kv_heads);
    if (const auto count = static_cast<size_t>(impl_->needs.recent_queries); count > 0)
      layer.last.emplace(count, heads[l], shape.head_dim);
  }
}

Eviction::~Eviction() = default;

bool Eviction::observes() const {
  return impl_->needs.attention_sums || impl_->needs.recent_queries > 0;
}

void Eviction::expect(size_t text_tokens) { impl_->text_tokens = text_tokens; }

void Eviction::observe(const Compute& compute, const KvCache& cache, size_t layer,
                       const AttendArgs& args) {
  Layer& of = impl_->layers[layer];
  impl_->compute = compute;
  of.scale = args.scale;
  if (of.last) of.last->append(args.queries, {static_cast<int64_t>(cache.tokens())});
  if (!impl_->needs.attention_sums) return;
  impl_->follow(cache, layer);
  std::vector<float*> sums;
  for (const AttendPart& part : args.parts) sums.push_back(of.got[part.head / of.group].data());
  key_sums(compute, args, sums);
}

void Eviction::evict(ThreadPool& pool, KvCache& cache, bool decoding) {
  for (size_t layer = 0; layer < impl_->layers.size(); ++layer) impl_->follow(cache, layer);
  if (const auto reach = impl_->policy->reach()) return impl_->drop_passed(pool, cache, *reach);
  const std::optional<KvBudget> budget = impl_->policy->budget();
  if (!budget || (decoding && !impl_->policy->while_decoding())) return;
  std::vector<Choice> choices = impl_->due(cache, *budget, decoding);
  std::vector<std::pair<Choice*, size_t>> heads;
  for (Choice& choice : choices)
    for (size_t h = 0; h < choice.scores.size(); ++h) heads.emplace_back(&choice, h);
  pool.run(heads.size(), [&](size_t i, size_t) {
    const auto [choice, head] = heads[i];
    impl_->score(cache, *choice, head, choice->scores[head]);
  });
  for (Choice& choice : choices) {
    const auto recent =
        static_cast<size_t>(impl_->policy->recent(static_cast<int64_t>(choice.budget)));
    double even_part = impl_->split.even_part();
    if (impl_->policy->shares_layer()) {
      impl_->share_scores(choice);
      even_part = 1;
    }
    const auto kept = select_slots(choice.scores, recent, choice.budget, even_part);
    for (size_t h = 0; h < kept.size(); ++h) impl_->keep(pool, cache, choice.layer, h, kept[h]);
  }
}

// Drops the blocks between those with sinks and those that a query to come still sees.
void Eviction::Impl::drop_passed(ThreadPool& pool, KvCache& cache, const KvReach& reach) {
  const Position seen{static_cast<int64_t>(cache.tokens()) - reach.recent + 1};
  const size_t sinks = blocks_for(static_cast<size_t>(reach.sinks)) * kBlock;
  std::vector<uint32_t> slots;
  for (size_t layer = 0; layer < layers.size(); ++layer) {
    for (size_t h = 0; h < cache.shape(layer).kv_heads; ++h) {
      const std::span<const Position> held = cache.positions(layer, h);
      auto first = static_cast<size_t>(std::ranges::lower_bound(held, seen) - held.begin());
      first -= first % kBlock;
      if (first <= sinks) continue;
      slots.clear();
      for (size_t slot = 0; slot < held.size(); ++slot)
        if (slot < sinks || slot >= first) slots.push_back(static_cast<uint32_t>(slot));
      keep(pool, cache, layer, h, slots);
    }
  }
}

// The layers that are to drop tokens. While decoding that is one, the fullest, once it is a slack
// beyond its share: what is written anew is as much as is kept, and no single token waits for it.
std::vector<Choice> Eviction::Impl::due(const KvCache& cache, const KvBudget& budget,
                                        bool decoding) const {
  const auto tokens = static_cast<int64_t>(cache.tokens());
  const int64_t text = std::max(tokens, static_cast<int64_t>(text_tokens));
  const std::vector<int64_t> shares = split.of_layers(layers.size(), budget.of(text), tokens);
  std::vector<Choice> choices;
  size_t most = 0;  // that a head holds too many on average, of one layer
  for (size_t layer = 0; layer < layers.size(); ++layer) {
    const size_t heads = cache.shape(layer).kv_heads;
    const auto share = static_cast<size_t>(shares[layer]);
    size_t held = 0;
    for (size_t h = 0; h < heads; ++h) held += cache.slots(layer, h);
    if (held <= heads * share) continue;
    if (decoding) {
      const size_t excess = held / heads - share;
      if (excess < std::max(kBlock, share / kSlackPart) || excess <= most) continue;
      most = excess;
      choices.clear();
    }
    choices.push_back({.layer = layer, .budget = share, .recent_sums = {}, .scores = {}});
  }
  for (Choice& choice : choices) look(cache, choice);
  return choices;
}

// Makes room for scores, and has the last queries look at what is there, where that is asked.
void Eviction::Impl::look(const KvCache& cache, Choice& choice) const {
  const size_t heads = cache.shape(choice.layer).kv_heads;
  std::vector<std::span<const Position>> positions;
  for (size_t h = 0; h < heads; ++h) {
    positions.push_back(cache.positions(choice.layer, h));
    choice.scores.emplace_back(positions.back().size());
  }
  choice.recent_sums.resize(heads);
  if (const Layer& of = layers[choice.layer]; needs.recent_sums && of.last)
    of.last->sum_weights(compute, of.scale, cache.view(choice.layer), positions,
                         cache.format().operand, choice.recent_sums);
}

void Eviction::Impl::score(const KvCache& cache, const Choice& choice, size_t head,
                           std::span<float> to) const {
  const Layer& layer = layers[choice.layer];
  const size_t slots = to.size();
  const size_t head_dim = cache.shape(choice.layer).head_dim;
  std::vector<float> scores, keys, values;
  KvScoring scoring;
  scoring.layer = choice.layer;
  scoring.kv_head = head;
  scoring.group = layer.group;
  scoring.positions = cache.positions(choice.layer, head);
  scoring.end = {static_cast<int64_t>(cache.tokens())};
  scoring.recent_sums = choice.recent_sums[head];
  if (needs.attention_sums) scoring.attention_sums = layer.got[head].sums();
  if (needs.recent_scores && layer.last) {
    const size_t blocks = blocks_for(slots);
    const size_t rows =
        layer.last->score_keys(compute, layer.scale, cache.view(choice.layer)[head], blocks, head,
                               layer.group, cache.format().operand, scores);
    scoring.recent_scores = ConstMatrix<float>(scores.data(), rows, slots, blocks * kBlock);
  }
  if (needs.keys) {
    keys.resize(slots * head_dim);
    cache.read_keys(choice.layer, head, {keys.data(), slots, head_dim});
    scoring.keys = ConstMatrix<float>(keys.data(), slots, head_dim);
  }
  if (needs.values) {
    values.resize(slots * head_dim);
    cache.read_values(choice.layer, head, {values.data(), slots, head_dim});
    scoring.values = ConstMatrix<float>(values.data(), slots, head_dim);
  }
  policy->score(scoring, to);
}

// All heads of the layer get the mean of their scores. They hold the same tokens.
void Eviction::Impl::share_scores(Choice& choice) const {
  std::vector<float>& mean = choice.scores.front();
  for (size_t slot = 0; slot < mean.size(); ++slot) {
    for (size_t h = 1; h < choice.scores.size(); ++h) mean[slot] += choice.scores[h][slot];
    mean[slot] /= static_cast<float>(choice.scores.size());
  }
  for (size_t h = 1; h < choice.scores.size(); ++h) {
    assert(choice.scores[h].size() == mean.size());
    choice.scores[h] = mean;
  }
}

void Eviction::clear() {
  impl_->text_tokens = 0;
  for (Layer& layer : impl_->layers) {
    for (AttentionSums& got : layer.got) got = {};
    if (layer.last) layer.last->clear();
  }
}

std::string Eviction::statistics() const {
  std::string bytes;
  for (const Layer& layer : impl_->layers) {
    for (const AttentionSums& got : layer.got) put_numbers(bytes, got.sums());
    if (layer.last) layer.last->save(bytes);
  }
  return bytes;
}

Status Eviction::restore(std::string_view statistics, const KvCache& cache) {
  const Status restored = impl_->read(statistics, cache);
  if (!restored.ok()) clear();
  return restored;
}

Status Eviction::Impl::read(std::string_view statistics, const KvCache& cache) {
  StatisticsReader reader(statistics);
  for (size_t l = 0; l < layers.size(); ++l) {
    Layer& layer = layers[l];
    for (size_t h = 0; h < layer.got.size(); ++h) {
      FATHOM_TRY(std::vector<float> sums, reader.numbers<float>());
      if (sums.size() != cache.slots(l, h))
        return Error{"the policy's statistics are of other tokens than the cache's"};
      layer.got[h].restore(std::move(sums), cache.positions(l, h));
    }
    if (layer.last) FATHOM_CHECK(layer.last->restore(reader, cache.tokens()));
  }
  if (!reader.at_end()) return Error{"the policy's statistics have more than its lists"};
  return {};
}

void Eviction::set_trace(Trace trace) { impl_->trace = std::move(trace); }

uint64_t Eviction::evicted() const { return impl_->evicted; }

size_t Eviction::bytes() const {
  size_t bytes = 0;
  for (const Layer& layer : impl_->layers) {
    for (const AttentionSums& got : layer.got) bytes += got.bytes();
    if (layer.last) bytes += layer.last->bytes();
  }
  return bytes;
}

}  // namespace fathom
