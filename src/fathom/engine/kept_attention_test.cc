// Every cache policy with every attention pattern, over every type of cache: what comes out is
// softmax in double precision over the keys that the cache holds and the pattern lets a query see;
// or an error says why the two make no sense together.
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "fathom/attention/key_index.h"
#include "fathom/engine/sequence_attention.h"
#include "fathom/engine/session_cache.h"

namespace fathom {
namespace {

constexpr size_t kHeads = 4;
constexpr size_t kKvHeads = 2;
constexpr size_t kDim = 16;
constexpr size_t kSteps[] = {70, 64, 1, 130, 1, 33, 1, 1};
constexpr size_t kTokens = 301;

ModelSpec two_layers() {
  ModelSpec model;
  model.trained_context = kTokens;
  for (const std::optional<size_t> window : {std::optional<size_t>(), std::optional<size_t>(50)}) {
    LayerSpec layer;
    layer.attention = {
        .heads = kHeads, .kv_heads = kKvHeads, .head_dim = kDim, .scale = 0.4f, .window = window};
    model.layers.push_back(layer);
  }
  return model;
}

std::vector<float> random_rows(size_t count, size_t cols, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> rows(count * cols);
  for (float& x : rows) x = normal(random);
  return rows;
}

// A text of random queries, keys and values, read by steps.
class Reading {
 public:
  Reading(const std::string& attention, const std::string& kv)
      : heads_(patterns_of(model_, parse_attention(attention).value()).value()),
        options_{.spec = parse_kv_spec(kv).value(), .split = {}} {}

  Status composes() const { return check_composition(model_, heads_, options_.spec); }

  void run() {
    SessionCache cache(compute_, model_, heads_, options_, kTokens);
    ASSERT_TRUE(cache.expect(kTokens, 130).ok());
    DroppingCache dropping;
    for (size_t layer = 0; layer < model_.layers.size(); ++layer)
      dropping.layers.push_back(cache.drops(layer));
    if (cache.observes())
      dropping.observe = [&](size_t layer, const AttendArgs& args) { cache.observe(layer, args); };
    SequenceAttention attention(compute_, model_, heads_, kTokens, false, dropping);
    for (const size_t count : kSteps) {
      ASSERT_TRUE(cache.reserve(count).ok());
      const auto begin = static_cast<int64_t>(cache.cache().tokens());
      const PositionRange positions{{begin}, {begin + static_cast<int64_t>(count)}};
      const AttendLayer attend = attention.step(positions, cache.cache(), {}, cache.reach());
      for (size_t layer = 0; layer < model_.layers.size(); ++layer) {
        SCOPED_TRACE("layer " + std::to_string(layer) + ", tokens from " + std::to_string(begin));
        step(cache, attend, layer, positions);
      }
      cache.commit(count, count == 1);
      if (testing::Test::HasFailure()) return;
    }
    expect_within_budget(cache);
  }

 private:
  void step(SessionCache& cache, const AttendLayer& attend, size_t layer,
            PositionRange positions) const {
    const auto count = static_cast<size_t>(positions.size());
    const auto seed = static_cast<uint32_t>(positions.begin.value * 10 + 5 * layer);
    const auto rows = [&](size_t heads, uint32_t which) {
      return random_rows(count, heads * kDim, seed + which);
    };
    const auto queries = rows(kHeads, 0), slot_queries = rows(kHeads, 1);
    const auto keys = rows(kKvHeads, 2), values = rows(kKvHeads, 3);
    const bool reindexed = cache.reach() && cache.reach()->reindexed;
    const LayerTokens tokens{
        .layer = layer,
        .queries = {queries.data(), count, kHeads * kDim},
        .keys = {keys.data(), count, kKvHeads * kDim},
        .values = {values.data(), count, kKvHeads * kDim},
        .slot_queries = {slot_queries.data(), reindexed ? count : 0, kHeads * kDim}};
    cache.cache().write(pool_, layer, tokens.keys, tokens.values);
    std::vector<float> out(count * kHeads * kDim);
    attend(tokens, {out.data(), count, kHeads * kDim});
    for (size_t head = 0; head < kHeads; ++head)
      compare(cache, tokens, positions, head, {out.data(), count, kHeads * kDim});
  }

  // Keys and values that a head holds: those committed as the cache has them, and the step's own.
  struct Held {
    std::span<const Position> positions;
    std::vector<float> keys, values;
  };
  static Held held(const KvCache& cache, const LayerTokens& tokens, size_t kv_head) {
    const size_t slots = cache.slots(tokens.layer, kv_head);
    Held held{.positions = cache.positions(tokens.layer, kv_head),
              .keys = std::vector<float>(slots * kDim),
              .values = std::vector<float>(slots * kDim)};
    cache.read_keys(tokens.layer, kv_head, {held.keys.data(), slots, kDim});
    cache.read_values(tokens.layer, kv_head, {held.values.data(), slots, kDim});
    for (size_t t = 0; t < tokens.keys.rows; ++t) {
      const size_t at = kv_head * kDim;
      held.keys.insert(held.keys.end(), tokens.keys.row(t) + at, tokens.keys.row(t) + at + kDim);
      held.values.insert(held.values.end(), tokens.values.row(t) + at,
                         tokens.values.row(t) + at + kDim);
    }
    return held;
  }

  void compare(const SessionCache& cache, const LayerTokens& tokens, PositionRange positions,
               size_t head, ConstMatrix<float> out) const {
    const Held keys = held(cache.cache(), tokens, head / (kHeads / kKvHeads));
    ASSERT_EQ(keys.positions.size() * kDim, keys.keys.size());
    const Pattern& pattern = *heads_.patterns[heads_.of_head[tokens.layer][head]];
    const std::optional<KvReach> reach = cache.reach();
    for (size_t t = 0; t < out.rows; ++t) {
      const Position q{positions.begin.value + static_cast<int64_t>(t)};
      std::vector<double> sum(kDim);
      double total = 0;
      for (size_t slot = 0; slot < keys.positions.size(); ++slot) {
        const Position k = keys.positions[slot];
        const bool recent = !reach || q.value - k.value < reach->recent;
        if (k > q || !pattern.sees(q, k) || (!recent && k.value >= reach->sinks)) continue;
        const bool at_slot = !recent && reach->reindexed;
        const float* const query =
            (at_slot ? tokens.slot_queries : tokens.queries).row(t) + head * kDim;
        double score = 0;
        for (size_t i = 0; i < kDim; ++i)
          score += double{query[i]} * double{keys.keys[slot * kDim + i]};
        const double weight = std::exp(0.4 * score);
        total += weight;
        for (size_t i = 0; i < kDim; ++i) sum[i] += weight * double{keys.values[slot * kDim + i]};
      }
      for (size_t i = 0; i < kDim; ++i)
        ASSERT_NEAR(out.row(t)[head * kDim + i], total == 0 ? 0 : sum[i] / total, 2e-4)
            << "head " << head << ", query " << q.value;
    }
  }

  // On average, but for a block that decoding may hold too many; by position in whole blocks.
  void expect_within_budget(const SessionCache& cache) const {
    const KvCount count = cache.count();
    size_t held = 0;
    for (const auto& heads : count.kept)
      for (const size_t kept : heads) held += kept;
    size_t most = kTokens;
    if (const auto budget = options_.spec.policy->budget())
      most = std::min<size_t>(most, static_cast<size_t>(budget->of(kTokens)) + kBlock);
    if (const auto reach = cache.reach())
      most = std::min<size_t>(most, static_cast<size_t>(reach->sinks + reach->recent) +
                                        (reach->sinks > 0 ? 3 : 2) * kBlock);
    EXPECT_LE(held, model_.layers.size() * kKvHeads * most);
    EXPECT_GE(count.bytes, count.nominal_bytes / 2);
  }

  ModelSpec model_ = two_layers();
  mutable ThreadPool pool_{2};
  Compute compute_{.operand = Operand::f32, .pool = &pool_};
  HeadPatterns heads_;
  KvOptions options_;
};

bool chooses_by_content(const std::string& spec) {
  const PatternPtr pattern = parse_attention(spec).value().pattern_for({.heads = kHeads});
  return pattern->index({.heads = kHeads, .kv_heads = kKvHeads, .head_dim = kDim}) != nullptr;
}

std::string typical(const PatternPlugin& plugin) {
  return std::string(plugin.typical.empty() ? plugin.examples.front() : plugin.typical);
}

TEST(KeptAttention, EveryPolicyWithEveryPatternIsAttentionOverWhatIsKept) {
  for (const PatternPlugin* pattern : patterns::all()) {
    const std::string attention = typical(*pattern);
    for (const PolicyPlugin* policy : policies::all()) {
      for (const std::string_view example : policy->examples) {
        const std::string kv(example);
        SCOPED_TRACE("--attn '" + attention + "' --kv '" + kv + "'");
        Reading reading(attention, kv);
        const Status composes = reading.composes();
        if (policy->name != "keep" && chooses_by_content(attention)) {
          ASSERT_FALSE(composes.ok());
          EXPECT_NE(composes.error().message.find(policy->name), std::string::npos);
          EXPECT_NE(composes.error().message.find("by content"), std::string::npos);
          continue;
        }
        ASSERT_TRUE(composes.ok()) << composes.error().message;
        if (!chooses_by_content(attention)) reading.run();  // those have tests of their own
        if (HasFailure()) return;
      }
    }
  }
}

// Of patterns that need no copies of keys, which are kept as attention multiplies them.
TEST(KeptAttention, InEveryType) {
  for (const char* types :
       {"f16", "bf16", "q8", "q4", "k=q8, v=q4", "k=f32, v=q8", "k=q4, v=f16"}) {
    for (const char* policy : {"keep", "fifo(budget=100)", "streaming(sinks=3, recent=90)",
                               "snapkv(budget=80, window=20)", "h2o(budget=0.3)"}) {
      for (const char* attention : {"model", "random(block=16, count=3) | window(size=20)"}) {
        SCOPED_TRACE(std::string(types) + "; " + policy + " with " + attention);
        Reading(attention, std::string(types) + "; " + policy).run();
        if (HasFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace fathom
