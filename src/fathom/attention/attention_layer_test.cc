// What a layer's attention counts and measures, against full attention in double precision.
#include "fathom/attention/attention_layer.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "fathom/attention/pattern_map.h"
#include "fathom/attention/test_patterns.h"
#include "fathom/kernels/attend_twin.h"

namespace fathom {
namespace {

constexpr size_t kHeads = 4;
constexpr size_t kKvHeads = 2;
constexpr size_t kHeadDim = 32;
constexpr size_t kTokens = 768;  // three queries of them are measured

AttentionShape shape_of(const Problem& p, Operand operand) {
  return {.heads = kHeads,
          .kv_heads = kKvHeads,
          .head_dim = kHeadDim,
          .scale = p.scale,
          .context = 4096,
          .operand = operand};
}

// One pattern a head.
std::vector<PatternPtr> patterns_of(std::string_view spec) {
  std::vector<PatternPtr> patterns;
  patterns.reserve(kHeads);
  const PatternMap map = *parse_attention(spec);
  for (size_t head = 0; head < kHeads; ++head)
    patterns.push_back(map.pattern_for({.head = head, .heads = kHeads}));
  return patterns;
}

// Of one query of one head, the share of full attention's weights that the pattern lets it see.
double share_seen(const Problem& p, const Scores& score, const Pattern& pattern, size_t query,
                  size_t head) {
  double seen = 0;
  double all = 0;
  for (size_t key = 0; key <= query; ++key) {
    const double weight = std::exp2(score(query, head, key));
    all += weight;
    if (pattern.sees({static_cast<int64_t>(query)}, {static_cast<int64_t>(key)})) seen += weight;
  }
  EXPECT_LT(query, p.queries);
  return seen / all;
}

struct Measured {
  AttentionCount count;
  double shares = 0;  // of the measured queries of all heads, in double precision
};

// All of p's tokens in calls of up to `chunk`. The shares of what is measured by the seed `measure`
// are taken in double precision too.
Measured attend_in_calls(const Problem& p, std::string_view spec, size_t chunk, Operand operand,
                         std::optional<uint64_t> measure) {
  ThreadPool pool(2);
  const Compute compute{.operand = operand, .pool = &pool};
  const Cache cache(p, operand);
  const Scores score(p, cache, operand);
  AttentionLayer layer(shape_of(p, operand), patterns_of(spec));
  SharedPlans shared(4096);
  Measured all;
  const size_t width = kHeads * kHeadDim;
  const size_t kv_width = kKvHeads * kHeadDim;
  for (size_t begin = 0; begin < p.queries; begin += chunk) {
    const size_t count = std::min(chunk, p.queries - begin);
    layer.append(compute, {p.k.data() + begin * kv_width, count, kv_width},
                 {p.v.data() + begin * kv_width, count, kv_width});
    const AttentionCall call{
        .compute = &compute,
        .queries = {p.q.data() + begin * width, count, width},
        .positions = {{static_cast<int64_t>(begin)}, {static_cast<int64_t>(begin + count)}},
        .cache = cache.views()};
    shared.begin(call.positions);
    const AttentionLayer::Plans plans = layer.plan(call, shared);
    std::vector<float> out(count * width);
    const AttentionCount of_call = layer.attend(call, plans, measure, {out.data(), count, width});
    all.count.add(of_call);
    if (!measure) continue;
    for (const Position q : AttentionLayer::measured_queries(call.positions, *measure))
      for (size_t head = 0; head < kHeads; ++head)
        all.shares +=
            share_seen(p, score, *plans.of_head[head]->pattern, static_cast<size_t>(q.value), head);
  }
  return all;
}

constexpr std::string_view kSpecs[] = {
    "full",
    "window(size=40)",
    "strided(stride=7) | window(size=90)",
    "fixed(block=50, summary=4); heads 1,2: window(size=300) | every(step=9)",
    "topk_blocks(block=16, keep=4)",
    "window(size=20); heads 1: lsh(rounds=2, buckets=4, chunk=64) | sinks; heads 2: full",
};

TEST(AttentionLayer, MeasuresOneQueryOfEverySoMany) {
  const auto drawn = [](int64_t begin, int64_t end, uint64_t seed) {
    return AttentionLayer::measured_queries({{begin}, {end}}, seed);
  };
  std::set<int64_t> places;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const std::vector<Position> of_many = drawn(1000, 1000 + 3 * 256 + 20, seed);
    ASSERT_EQ(of_many.size(), 4u);
    for (int64_t i = 0; i < 4; ++i) {
      EXPECT_GE(of_many[static_cast<size_t>(i)].value, 1000 + 256 * i);
      EXPECT_LT(of_many[static_cast<size_t>(i)].value,
                1000 + std::min(256 * (i + 1), int64_t{788}));
    }
    places.insert(of_many[0].value);
    EXPECT_EQ(drawn(3, 19, seed).size(), 1u) << "a short text is measured, too";
  }
  EXPECT_GT(places.size(), 30u) << "each seed has its own";
  size_t of_single = 0;
  for (int64_t q = 0; q < 25600; ++q) of_single += drawn(q, q + 1, 7).size();
  EXPECT_NEAR(static_cast<double>(of_single), 100, 40) << "of single queries, one of 256";
}

// A difference of two logarithms, each off as attend_parts_test.cc derives it.
TEST(AttentionLayer, MeasuresTheShareOfFullAttentionThatPatternsKeep) {
  const Problem p = make_problem(kTokens, kTokens, kHeads, kKvHeads, kHeadDim, 1);
  for (const std::string_view spec : kSpecs) {
    for (const Operand operand : {Operand::f32, Operand::bf16}) {
      const double tolerance = operand == Operand::f32 ? 4e-5 : 0x1p-7 + 4e-4;
      for (const size_t chunk : {kTokens, size_t{1}, size_t{256}, size_t{100}}) {
        SCOPED_TRACE(testing::Message()
                     << spec << " in calls of " << chunk << " in " << name(operand));
        const Measured got = attend_in_calls(p, spec, chunk, operand, 7);
        const auto shares = static_cast<double>(got.count.measured);
        ASSERT_GT(shares, 0);
        EXPECT_NEAR(got.count.mass, got.shares, shares * tolerance);
        EXPECT_NEAR(got.count.mass_kept().value_or(NAN), got.shares / shares, tolerance);
        EXPECT_EQ(got.shares < shares - 0.001, spec != "full");
      }
    }
  }
}

TEST(AttentionLayer, MeasuresNothingUnlessAsked) {
  const Problem p = make_problem(kTokens, kTokens, kHeads, kKvHeads, kHeadDim, 2);
  const Measured got = attend_in_calls(p, "window(size=40)", 100, Operand::bf16, std::nullopt);
  EXPECT_EQ(got.count.measured, 0u);
  EXPECT_FALSE(got.count.mass_kept());
}

TEST(AttentionLayer, CountsPairsOfAllHeads) {
  const Problem p = make_problem(kTokens, kTokens, kHeads, kKvHeads, kHeadDim, 3);
  constexpr uint64_t full = kTokens * (kTokens + 1) / 2;
  constexpr uint64_t window = 40 * 41 / 2 + (kTokens - 40) * 40;
  for (const size_t chunk : {kTokens, size_t{77}}) {
    const AttentionCount one =
        attend_in_calls(p, "window(size=40)", chunk, Operand::bf16, std::nullopt).count;
    EXPECT_EQ(one.full, kHeads * full);
    EXPECT_EQ(one.scored, kHeads * window);
    const AttentionCount mixed =
        attend_in_calls(p, "full; heads 1,3: window(size=40)", chunk, Operand::bf16, false).count;
    EXPECT_EQ(mixed.scored, 2 * window + 2 * full);
    EXPECT_DOUBLE_EQ(mixed.fraction(), (1 + static_cast<double>(window) / full) / 2);
  }
  EXPECT_EQ(AttentionCount().fraction(), 1) << "of nothing";
}

// Only choosing by content is selection.
TEST(AttentionLayer, TimesWhatChoosingTakes) {
  const Problem p = make_problem(kTokens, kTokens, kHeads, kKvHeads, kHeadDim, 4);
  EXPECT_EQ(attend_in_calls(p, "strided(stride=7)", 100, Operand::bf16, std::nullopt)
                .count.select_seconds,
            0);
  EXPECT_GT(attend_in_calls(p, "topk_blocks(block=16, keep=4)", 100, Operand::bf16, std::nullopt)
                .count.select_seconds,
            0);
}

size_t bytes_of(std::string_view spec, size_t tokens, Operand operand) {
  ThreadPool pool(1);
  const Problem p = make_problem(0, tokens, kHeads, kKvHeads, kHeadDim, 5);
  AttentionLayer layer(shape_of(p, operand), patterns_of(spec));
  const size_t width = kKvHeads * kHeadDim;
  layer.append({.operand = operand, .pool = &pool}, {p.k.data(), tokens, width},
               {p.v.data(), tokens, width});
  return layer.bytes();
}

// Copies hold the keys and values of their orders; one serves all heads that need it. Memory is
// taken by slabs, each as large as all before it.
TEST(AttentionLayer, HoldsCopiesOfTheKeysThatItReorders) {
  constexpr size_t tokens = 20'000;
  constexpr size_t token = 2 * kKvHeads * kHeadDim * sizeof(float);  // keys and values
  constexpr size_t slack = size_t{1} << 20;
  const auto expect_about = [&](std::string_view spec, size_t copied) {
    const size_t bytes = bytes_of(spec, tokens, Operand::f32);
    EXPECT_GE(bytes, copied * token) << spec;
    EXPECT_LT(bytes, 2 * copied * token + slack) << spec;
  };
  EXPECT_EQ(bytes_of("window(size=40); heads 1: full", tokens, Operand::f32), 0u);
  expect_about("strided(stride=16)", tokens);
  expect_about("strided(stride=16); heads 0: dilated(size=9, gap=16)", tokens);
  expect_about("strided(stride=16); heads 0: dilated(size=9, gap=8)", 2 * tokens);
  expect_about("every(step=10) | window(size=9)", tokens / 10);
  const size_t halved = bytes_of("strided(stride=16)", tokens, Operand::bf16);
  EXPECT_GE(halved, tokens * token / 2);
  EXPECT_LT(halved, tokens * token + slack);
}

TEST(AttentionLayer, CountsWhatIndicesKeep) {
  EXPECT_GT(bytes_of("topk_blocks(block=16, keep=4)", 20'000, Operand::bf16),
            bytes_of("topk_blocks(block=16, keep=4)", 2'000, Operand::bf16));
  EXPECT_GT(bytes_of("lsh(rounds=2, buckets=4, chunk=64)", 2'000, Operand::bf16), 0u);
}

}  // namespace
}  // namespace fathom
