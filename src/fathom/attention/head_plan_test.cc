// Plans of whole heads: patterns in several orders of keys, joined, score each pair once.
#include "fathom/attention/head_plan.h"

#include <algorithm>
#include <string>
#include <vector>

#include "fathom/attention/key_index.h"
#include "fathom/attention/planned_grid.h"
#include "fathom/attention/test_patterns.h"

namespace fathom {
namespace {

constexpr int64_t kMillion = 1'000'000;

// Patterns in the cache's order, in lanes, and in one lane of some of the keys.
constexpr const char* kSides[] = {"window(size=30)",
                                  "strided(stride=6)",
                                  "strided(stride=64)",
                                  "dilated(size=9, gap=10)",
                                  "every(step=4)",
                                  "fixed(block=40, summary=3)",
                                  "globals(at=[3, 70, 140, 141])",
                                  "sparse_transformer(stride=12)"};

// A specification with these in the place of A, B and C.
std::string filled_in(std::string_view join, const std::vector<std::string_view>& sides) {
  std::string spec;
  for (const char letter : join) {
    if (letter >= 'A' && letter <= 'C') {
      spec += sides[static_cast<size_t>(letter - 'A')];
    } else {
      spec += letter;
    }
  }
  return spec;
}

// planned_grid() fails where a pair is there twice.
void expect_each_pair_once(const std::string& spec, const PlanRequest& request, int64_t context) {
  SCOPED_TRACE(testing::Message() << spec << ", queries " << request.queries.begin.value << " to "
                                  << request.queries.end.value << ", causal " << request.causal);
  const PatternPtr pattern = pattern_of(spec);
  const auto rows = planned_grid(plan_head(pattern, request, context), request);
  ASSERT_TRUE(rows.ok()) << rows.error().message;
  for (Position q = request.queries.begin; q < request.queries.end; ++q.value) {
    std::vector<int64_t> wanted;
    for (Position k{0}; k < request.keys.end && !(request.causal && q < k); ++k.value)
      if (pattern->sees(q, k)) wanted.push_back(k.value);
    ASSERT_EQ((*rows)[static_cast<size_t>(q.value - request.queries.begin.value)], wanted)
        << "query " << q.value;
  }
}

void expect_each_pair_once(const std::string& spec) {
  for (const bool causal : {true, false}) {
    expect_each_pair_once(spec, {{{0}, {170}}, {{0}, {170}}, causal}, 4096);
    expect_each_pair_once(spec, {{{129}, {200}}, {{0}, {230}}, causal}, 4096);
  }
}

TEST(HeadPlan, UnionsAndIntersectionsOfTwo) {
  for (const char* a : kSides)
    for (const char* b : kSides)
      for (const char* join : {"A | B", "A & B"})
        ASSERT_NO_FATAL_FAILURE(expect_each_pair_once(filled_in(join, {a, b})));
}

TEST(HeadPlan, UnionsAndIntersectionsOfThree) {
  for (const char* a : kSides)
    for (const char* b : {"strided(stride=9)", "fixed(block=50, summary=7)"})
      for (const char* c : {"every(step=5)", "dilated(size=20, gap=3)"})
        for (const char* join : {"A | B | C", "A & (B | C)", "A & B | C"})
          ASSERT_NO_FATAL_FAILURE(expect_each_pair_once(filled_in(join, {a, b, c})));
}

// In a text too short for lanes, patterns are planned over the cache, and score the same.
TEST(HeadPlan, WhateverTheContext) {
  for (const int64_t context : {200, 100'000})
    for (const char* spec : {"strided(stride=100) | window(size=9)", "dilated(size=3, gap=70)"})
      ASSERT_NO_FATAL_FAILURE(expect_each_pair_once(spec, {{{60}, {190}}, {{0}, {190}}}, context));
}

// The last pairs of blocks of a long text, row by row.
TEST(HeadPlan, RowsOfAMillionTokens) {
  for (const char* spec :
       {"sparse_transformer(stride=1000)", "fixed(block=1024, summary=8) | strided(stride=777)",
        "(window(size=5000) | every(step=640)) & strided(stride=64)",
        "longformer(window=400, at=[0, 99999, 500000]) | dilated(size=100, gap=100)",
        "bigbird(seed=3) | every(step=5000)"})
    for (const int64_t end : {kMillion, kMillion / 2 + 65})
      ASSERT_NO_FATAL_FAILURE(
          expect_each_pair_once(spec, {{{end - 2}, {end}}, {{0}, {end}}}, kMillion));
}

uint64_t bytes_of(const HeadPlan& head) {
  uint64_t bytes = 0;
  for (const PlannedTerm& term : head.terms)
    bytes += (term.plan.order.size() + term.plan.block_begin.size() + term.plan.run_begin.size()) *
                 sizeof(uint32_t) +
             term.plan.runs.size() * sizeof(KeyRun) + term.plan.masks.size() * sizeof(BlockMask);
  return bytes;
}

constexpr uint64_t kGigabyte = 1'000'000'000;

// Pairs counted query by query; nothing of size queries x keys is held.
TEST(HeadPlan, PairsOfAMillionTokens) {
  const auto multiples = [](int64_t step, int64_t first, int64_t last) {  // in [first, last]
    return last / step - (first + step - 1) / step + 1;
  };
  const struct {
    const char* spec;
    int64_t (*keys)(int64_t query, decltype(multiples) count);
  } cases[] = {
      {"sparse_transformer(stride=128)",
       [](int64_t q, auto) { return std::min<int64_t>(q + 1, 128) + q / 128; }},
      {"window(size=1000) & strided(stride=100)",
       [](int64_t q, auto) { return std::min<int64_t>(q / 100 + 1, 10); }},
      {"every(step=640) | window(size=100)",
       [](int64_t q, auto count) {
         const int64_t first = std::max<int64_t>(0, q - 99);
         return q / 640 + 1 + q - first + 1 - count(640, first, q);
       }},
      {"fixed(block=1000, summary=10)",
       [](int64_t q, auto) { return q / 1000 * 10 + q % 1000 + 1; }},
  };
  for (const auto& [spec, keys] : cases) {
    uint64_t wanted = 0;
    for (int64_t q = 0; q < kMillion; ++q) wanted += static_cast<uint64_t>(keys(q, multiples));
    const HeadPlan head =
        plan_head(pattern_of(spec), {{{0}, {kMillion}}, {{0}, {kMillion}}}, kMillion);
    EXPECT_EQ(head.pairs, wanted) << spec;
    EXPECT_LT(bytes_of(head), kGigabyte) << spec;
  }
}

// Every pattern that positions settle, at its everyday size, in one call.
TEST(HeadPlan, PlansOfAMillionTokensTakeLessThanAGigabyte) {
  for (const PatternPlugin* plugin : patterns::all()) {
    const std::string_view spec = plugin->typical.empty() ? plugin->name : plugin->typical;
    const PatternPtr pattern = pattern_of(spec);
    if (pattern->index({.head_dim = 64, .context = 1024}) != nullptr) continue;
    const HeadPlan head = plan_head(pattern, {{{0}, {kMillion}}, {{0}, {kMillion}}}, kMillion);
    EXPECT_GT(head.pairs, 0u) << spec;
    EXPECT_LT(bytes_of(head), kGigabyte) << spec;
  }
}

TEST(HeadPlan, TermsThatScoreNothingAreLeftOut) {
  const PlanRequest request{{{0}, {50}}, {{0}, {50}}};
  const HeadPlan head = plan_head(pattern_of("full | every(step=7)"), request, 4096);
  EXPECT_EQ(head.terms.size(), 1u);
  EXPECT_EQ(head.terms.front().order, nullptr);
  EXPECT_TRUE(plan_head(pattern_of("globals(at=[])"), request, 4096).terms.empty());
}

TEST(HeadPlan, SeveralAreEachAsAlone) {
  ThreadPool pool(3);
  const PlanRequest request{{{70}, {200}}, {{0}, {200}}};
  std::vector<PatternPtr> patterns;
  for (const char* spec : kSides) patterns.push_back(pattern_of(spec));
  patterns.insert(patterns.begin() + 1, pattern_of("globals(at=[])"));
  const std::vector<HeadPlan> heads = plan_heads(pool, patterns, request, 4096);
  ASSERT_EQ(heads.size(), patterns.size());
  for (size_t i = 0; i < heads.size(); ++i) {
    const HeadPlan alone = plan_head(patterns[i], request, 4096);
    EXPECT_EQ(heads[i].pattern, patterns[i]);
    ASSERT_EQ(heads[i].terms.size(), alone.terms.size()) << patterns[i]->spec();
    for (size_t t = 0; t < alone.terms.size(); ++t) {
      EXPECT_EQ(heads[i].terms[t].plan.runs, alone.terms[t].plan.runs);
      EXPECT_EQ(heads[i].terms[t].plan.masks, alone.terms[t].plan.masks);
      EXPECT_EQ(heads[i].terms[t].plan.order, alone.terms[t].plan.order);
    }
  }
  EXPECT_TRUE(plan_heads(pool, {}, request, 4096).empty());
}

// Products of orders would be as many as all choices of one from each factor.
TEST(HeadPlan, ManyOrdersArePlannedOverTheCache) {
  std::string spec;
  for (int i = 2; i < 22; ++i)
    spec += (i == 2 ? "(every(step=" : " & (every(step=") + std::to_string(i) + ") | sinks)";
  const PatternPtr pattern = pattern_of(spec);
  EXPECT_LE(disjoint_terms(pattern, 1000).size(), 16u);
  const PlanRequest request{{{0}, {300}}, {{0}, {300}}};
  uint64_t seen = 0;
  for (int64_t q = 0; q < 300; ++q)
    for (int64_t k = 0; k <= q; ++k) seen += pattern->sees({q}, {k}) ? 1 : 0;
  EXPECT_EQ(plan_head(pattern, request, 1000).pairs, seen);
}

}  // namespace
}  // namespace fathom
