#include <algorithm>
#include <cmath>
#include <string>

#include "fathom/attention/test_indices.h"

namespace fathom {
namespace {

constexpr size_t kTokens = 1500;

// The share of the weights of a head's query that lies on keys that the pattern shows it.
double kept(const Problem& p, const Scores& score, const Pattern& pattern, size_t head,
            size_t query) {
  std::vector<double> scores(query + 1);
  double largest = -INFINITY;
  for (size_t k = 0; k <= query; ++k)
    largest = std::max(largest, scores[k] = score(query, head, k));
  double sum = 0;
  double seen = 0;
  for (size_t k = 0; k <= query; ++k) {
    const double power = std::exp2(scores[k] - largest);
    sum += power;
    if (pattern.sees({static_cast<int64_t>(query)}, {static_cast<int64_t>(k)})) seen += power;
  }
  EXPECT_LT(query, p.queries);
  return seen / sum;
}

// The share of pairs of queries [begin, end) that the pattern shows.
double density(const Pattern& pattern, size_t begin, size_t end) {
  size_t seen = 0;
  size_t all = 0;
  for (auto q = static_cast<int64_t>(begin); q < static_cast<int64_t>(end); ++q) {
    for (int64_t k = 0; k <= q; k += kBlock) seen += pattern.sees({q}, {k});
    all += static_cast<size_t>(q) / kBlock + 1;
  }
  return static_cast<double>(seen) / static_cast<double>(all);
}

// Sampled queries of each segment keep the coverage on average: 8 of 256, 30 tokens apart, of calls
// of whole segments. A mass is off by up to 3e-4 (kernels/key_scores_test.cc).
void expect_covered(const Problem& p, double coverage, size_t chunk) {
  IndexRun run("sample(coverage=" + std::to_string(coverage) + ")", p, Operand::bf16);
  const Cache cache(p, Operand::bf16);
  const Scores score(p, cache, Operand::bf16);
  for (size_t at = 0; at < p.queries; at += chunk) {
    const std::vector<PatternPtr> chosen = run.call(std::min(chunk, p.queries - at));
    for (size_t begin = at; begin < at + chunk && begin + 256 <= p.queries; begin += 256) {
      for (size_t head = 0; head < p.heads; ++head) {
        double mass = 0;
        for (size_t q = begin + 45; q < begin + 256; q += 30)
          mass += kept(p, score, *chosen[head], head, q) / 8;
        EXPECT_GE(mass, coverage - 3e-4) << "head " << head << " from " << begin;
      }
    }
  }
}

// Keys whose scores are high in the first block, in two stripes, and near the diagonal.
Problem structured_problem() {
  Problem p = make_problem(kTokens, kTokens, 4, 2, 64, 8, 1);
  const size_t width = p.kv_heads * p.head_dim;
  for (size_t t = 0; t < kTokens; ++t) {
    const bool stripe = t < 4 || (t >= 300 && t < 310) || (t >= 700 && t < 705);
    const double phase = static_cast<double>(t) / 100;
    for (size_t h = 0; h < p.kv_heads; ++h) {
      float* const key = p.k.data() + t * width + h * p.head_dim;
      key[0] = stripe ? 12 : 0;
      key[1] = static_cast<float>(12 * std::cos(phase));
      key[2] = static_cast<float>(12 * std::sin(phase));
    }
    for (size_t h = 0; h < p.heads; ++h) {
      float* const query = p.q.data() + (t * p.heads + h) * p.head_dim;
      query[0] = 8;
      query[1] = static_cast<float>(6 * std::cos(phase));
      query[2] = static_cast<float>(6 * std::sin(phase));
    }
  }
  return p;
}

TEST(Sample, KeepsItsCoverageOfSampledQueries) {
  const Problem random = make_problem(kTokens, kTokens, 6, 2, 32, 7);
  expect_covered(random, 0.5, kTokens);
  expect_covered(random, 0.95, 512);
  expect_covered(structured_problem(), 0.95, 512);
  expect_covered(structured_problem(), 0.999, kTokens);
}

TEST(Sample, LeavesOutWhatHasNoWeight) {
  const Problem p = structured_problem();
  IndexRun run("sample(coverage=0.95)", p, Operand::bf16);
  for (const PatternPtr& chosen : run.call(kTokens)) {
    EXPECT_LT(density(*chosen, 1024, 1280), 0.6);
    for (int64_t q = 0; q < static_cast<int64_t>(kTokens); q += 9) {
      EXPECT_TRUE(chosen->sees({q}, {q / 64 * 64})) << "its own block";
      EXPECT_TRUE(chosen->sees({q}, {std::max<int64_t>(0, q - 64)})) << "the block before";
      EXPECT_TRUE(chosen->sees({q}, {0})) << "the first block";
    }
  }
}

TEST(Sample, IsDenseWhereTheCoverageTakesNearlyAllPairs) {
  Problem p = make_problem(1024, 1024, 2, 1, 32, 9);
  std::ranges::fill(p.k, 0.0f);  // every key weighs the same
  IndexRun run("sample(coverage=0.95)", p, Operand::bf16);
  EXPECT_EQ(density(*run.call(1024).front(), 0, 1024), 1);
  IndexRun half("sample(coverage=0.5)", p, Operand::bf16);
  EXPECT_LT(density(*half.call(1024).front(), 768, 1024), 0.6);
}

TEST(Sample, OfAllWeightsIsFullAndSoIsASingleQuery) {
  const Problem p = structured_problem();
  IndexRun full("sample(coverage=1)", p, Operand::bf16);
  EXPECT_EQ(density(*full.call(kTokens).front(), 0, kTokens), 1);
  IndexRun run("sample(coverage=0.5)", p, Operand::bf16);
  run.call(kTokens - 1);
  EXPECT_EQ(density(*run.call(1).front(), kTokens - 1, kTokens), 1);
}

TEST(Sample, OfQueriesThatAreNotNumbersIsDense) {
  Problem p = structured_problem();
  std::fill_n(p.q.begin() + 255 * 4 * 64, 64, NAN);  // the first segment's last, head 0
  IndexRun run("sample(coverage=0.5)", p, Operand::bf16);
  const std::vector<PatternPtr> chosen = run.call(kTokens);
  EXPECT_EQ(density(*chosen[0], 0, 256), 1);
  EXPECT_LT(density(*chosen[0], 1024, 1280), 0.6);
}

TEST(Sample, CallsThatCutNoSegmentChooseTheSame) {
  const Problem p = structured_problem();
  IndexRun whole("sample(coverage=0.9)", p, Operand::bf16);
  IndexRun parts("sample(coverage=0.9)", p, Operand::bf16);
  const std::vector<PatternPtr> want = whole.call(kTokens);
  for (size_t at = 0; at < kTokens; at += 512) {
    const size_t end = std::min(kTokens, at + 512);
    const std::vector<PatternPtr> got = parts.call(end - at);
    for (size_t head = 0; head < p.heads; ++head)
      EXPECT_TRUE(agree(*got[head], *want[head], at, end)) << "head " << head << " from " << at;
  }
}

TEST(Sample, RefusesSharesThatAreNone) {
  for (const std::string_view spec :
       {"sample(coverage=0.0)", "sample(coverage=1.5)", "sample(coverage=-0.1)", "sample(rows=257)",
        "sample(rows=0)"})
    EXPECT_FALSE(parse_pattern(spec).ok()) << spec;
}

}  // namespace
}  // namespace fathom
