// Hierarchical attention through the planner and the real kernel, against its twin in double.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

#include "fathom/attention/head_plan.h"
#include "fathom/attention/key_index.h"
#include "fathom/attention/lane_cache.h"
#include "fathom/attention/segments.h"
#include "fathom/attention/test_patterns.h"
#include "fathom/kernels/attend_twin.h"

namespace fathom {
namespace {

constexpr size_t kTokens = 211;
constexpr size_t kHeads = 6;
constexpr size_t kKvHeads = 2;
constexpr size_t kHeadDim = 32;
constexpr size_t kKeyCols = kKvHeads * kHeadDim;

// Rounded operands and weights, as kernels/attend_test.cc derives it. Means in f32 are sums of few
// numbers here, and add far less.
double tolerance(Operand operand) { return operand == Operand::f32 ? 2e-5 : 0x1p-7 + 2e-4; }

std::string spec_of(const Segments::Shape& shape) {
  return "hierarchical(window=" + std::to_string(shape.window) +
         ", levels=" + std::to_string(shape.levels) + ", fan=" + std::to_string(shape.fan) +
         ", first=" + std::to_string(shape.first) + ")";
}
constexpr Segments::Shape kShapes[] = {{16, 2, 4},      {1, 5, 2, 7}, {20, 3, 3, 70},
                                       {9, 4, 3, 1},    {64, 3, 8},   {63, 2, 64},
                                       {256, 3, 8, 30}, {70, 3, 2},   {1, 3, 2, 400}};

// One softmax over tokens and means in double, of operands rounded as `operand` has them.
class Twin {
 public:
  struct Sums {  // [head_dim]
    std::vector<double> out;
    std::vector<double> size;  // the same over the values' magnitudes
  };

  // `ends`: perhaps none.
  Twin(const Problem& p, const Segments::Shape& shape, const std::vector<TextEnd>& ends,
       Operand operand)
      : p_(p),
        operand_(operand),
        first_(shape.first),
        segments_(shape, kTokens),
        levels_(segments_.top() + 1) {
    for (size_t t = 0; t < p.keys; ++t) {
      segments_.append(ends.empty() ? std::nullopt : std::optional(ends[t]));
      levels_[0].push_back(mean(static_cast<int64_t>(t), static_cast<int64_t>(t + 1)));
    }
    for (size_t level = 1; level <= segments_.top(); ++level) {
      const std::span<const int64_t> begins = segments_.begins(level);
      for (size_t i = 0; i + 1 < begins.size(); ++i)
        levels_[level].push_back(mean(begins[i], begins[i + 1]));
    }
  }

  Sums attend(size_t query, size_t head) const {
    Sums sums{std::vector<double>(kHeadDim), std::vector<double>(kHeadDim)};
    double weights = 0;
    for (size_t level = 0; level <= segments_.top(); ++level) {
      const PositionRange part = segments_.part(level, {static_cast<int64_t>(query)});
      for (const Mean& mean : levels_[level]) {
        const bool first =
            level == 0 && mean.begin < first_ && mean.begin <= static_cast<int64_t>(query);
        const bool in_part = part.begin.value <= mean.begin && mean.begin < part.end.value;
        if (!first && !in_part) continue;
        // Scores are small, so that powers need no shift.
        const double weight = mean.tokens * std::exp2(score(query, head, mean));
        weights += weight;
        for (size_t d = 0; d < kHeadDim; ++d) {
          const double value = mean.value[column(head) + d];
          sums.out[d] += weight * value;
          sums.size[d] += weight * std::abs(value);
        }
      }
    }
    for (double& x : sums.out) x /= weights;
    for (double& x : sums.size) x /= weights;
    return sums;
  }

 private:
  struct Mean {
    int64_t begin;
    double tokens;
    std::vector<double> key, value;  // [kv_heads * head_dim]
  };

  static size_t column(size_t head) { return head / (kHeads / kKvHeads) * kHeadDim; }
  double rounded(double x) const {
    return operand_ == Operand::bf16 ? to_float(to_bf16(static_cast<float>(x))) : x;
  }

  Mean mean(int64_t begin, int64_t end) const {
    Mean mean{begin, static_cast<double>(end - begin), {}, {}};
    for (size_t c = 0; c < kKeyCols; ++c) {
      double key = 0;
      double value = 0;
      for (auto t = static_cast<size_t>(begin); t < static_cast<size_t>(end); ++t) {
        key += p_.k[t * kKeyCols + c];
        value += p_.v[t * kKeyCols + c];
      }
      mean.key.push_back(rounded(key / mean.tokens));
      mean.value.push_back(rounded(value / mean.tokens));
    }
    return mean;
  }

  // In powers of two.
  double score(size_t query, size_t head, const Mean& mean) const {
    const float* q = p_.q.data() + (query * kHeads + head) * kHeadDim;
    const double factor = double{p_.scale} * std::numbers::log2e;
    double score = 0;
    for (size_t d = 0; d < kHeadDim; ++d)
      score += rounded(q[d] * factor) * mean.key[column(head) + d];
    return score;
  }

  const Problem& p_;
  Operand operand_;
  int64_t first_;
  Segments segments_;
  std::vector<std::vector<Mean>> levels_;
};

// The parts of a call: each term's plan for each KV head's query heads.
std::vector<AttendPart> parts_of_plan(const HeadPlan& plan, const Cache& cache, Operand operand) {
  std::vector<AttendPart> parts;
  constexpr size_t kGroup = kHeads / kKvHeads;
  for (const PlannedTerm& term : plan.terms) {
    EXPECT_EQ(term.order == nullptr, term.copy == nullptr);
    for (size_t kv = 0; kv < kKvHeads; ++kv)
      parts.push_back({.head = kv * kGroup,
                       .heads = kGroup,
                       .plan = &term.plan,
                       .keys = term.copy == nullptr ? cache.views()[kv] : term.copy->view(kv),
                       .operand = term.copy == nullptr ? operand : term.copy->operand()});
  }
  return parts;
}

// Attention of all queries in calls of up to `step`.
std::vector<float> attend_in_steps(const Problem& p, const Segments::Shape& shape,
                                   const std::vector<TextEnd>& ends, Operand operand, size_t step) {
  ThreadPool pool(2);
  const Compute compute{.operand = operand, .pool = &pool};
  const Cache cache(p, operand);
  const auto index = pattern_of(spec_of(shape))
                         ->index({.heads = kHeads,
                                  .kv_heads = kKvHeads,
                                  .head_dim = kHeadDim,
                                  .scale = p.scale,
                                  .context = kTokens,
                                  .operand = operand});
  std::vector<float> out(p.q.size(), NAN);
  const size_t width = kHeads * kHeadDim;
  for (size_t begin = 0; begin < kTokens; begin += step) {
    const size_t count = std::min(step, kTokens - begin);
    if (!ends.empty()) index->mark_ends(std::span(ends).subspan(begin, count));
    index->append(compute, {p.k.data() + begin * kKeyCols, count, kKeyCols},
                  {p.v.data() + begin * kKeyCols, count, kKeyCols});
    const ConstMatrix<float> queries(p.q.data() + begin * width, count, width);
    const PositionRange positions{{static_cast<int64_t>(begin)},
                                  {static_cast<int64_t>(begin + count)}};
    const AttentionCall call{
        .compute = &compute, .queries = queries, .positions = positions, .cache = cache.views()};
    index->prepare(call);
    const PatternPtr chosen = index->choose(call, 0);
    EXPECT_EQ(index->choose(call, kHeads - 1), chosen);
    const HeadPlan plan =
        plan_head(chosen, {.queries = positions, .keys = {{0}, positions.end}}, kTokens);
    const std::vector<AttendPart> parts = parts_of_plan(plan, cache, operand);
    attend(compute, {.queries = queries,
                     .out = {out.data() + begin * width, count, width},
                     .head_dim = kHeadDim,
                     .scale = p.scale,
                     .parts = parts});
  }
  return out;
}

void expect_twin(const Segments::Shape& shape, const std::vector<TextEnd>& ends, Operand operand,
                 size_t step) {
  const Problem p = make_problem(kTokens, kTokens, kHeads, kKvHeads, kHeadDim, 5);
  const Twin twin(p, shape, ends, operand);
  const std::vector<float> got = attend_in_steps(p, shape, ends, operand, step);
  double largest = 0;
  for (size_t q = 0; q < kTokens; ++q) {
    for (size_t head = 0; head < kHeads; ++head) {
      const auto [want, size] = twin.attend(q, head);
      for (size_t d = 0; d < kHeadDim; ++d) {
        const double off = std::abs(got[(q * kHeads + head) * kHeadDim + d] - want[d]);
        if (!(off / size[d] <= largest)) largest = off / size[d];
      }
    }
  }
  EXPECT_LE(largest, tolerance(operand)) << spec_of(shape) << " in calls of " << step;
}

std::vector<TextEnd> some_ends() {
  std::vector<TextEnd> ends(kTokens);
  for (size_t t = 0; t < kTokens; ++t)
    ends[t] = t % 89 == 70  ? TextEnd::section
              : t % 23 == 9 ? TextEnd::paragraph
              : t % 7 == 2  ? TextEnd::sentence
                            : TextEnd::nothing;
  return ends;
}

TEST(Hierarchical, IsAttentionOverTokensAndMeans) {
  for (const Segments::Shape& shape : kShapes)
    for (const size_t step : {size_t{50}, size_t{64}, kTokens})
      expect_twin(shape, {}, Operand::f32, step);
  expect_twin({1, 5, 2}, {}, Operand::f32, 1);
  expect_twin({20, 3, 3}, {}, Operand::f32, 1);
}

// `full` where all of the rectangle is seen and nowhere else; `empty` only where none is.
void expect_bound(const Pattern& pattern, PositionRange queries, PositionRange keys) {
  int64_t seen = 0;
  for (Position q = queries.begin; q < queries.end; ++q.value)
    for (Position k = keys.begin; k < keys.end; ++k.value) seen += pattern.sees(q, k) ? 1 : 0;
  const Coverage bound = pattern.cover(queries, keys);
  ASSERT_EQ(bound == Coverage::full, seen == queries.size() * keys.size());
  ASSERT_TRUE(bound != Coverage::empty || seen == 0);
}

TEST(Hierarchical, PartsAreBounded) {
  const auto index = pattern_of("hierarchical(window=9, levels=3, fan=3, first=0)")
                         ->index({.head_dim = 16, .context = kTokens});
  ThreadPool pool(1);
  const std::vector<float> zeros(kTokens * 16);
  index->append({.pool = &pool}, {zeros.data(), kTokens, 16}, {zeros.data(), kTokens, 16});
  std::mt19937 random(4);
  for (const Term& term : index->choose({}, 0)->terms(kTokens)) {
    for (int i = 0; i < 5000; ++i) {
      const auto q = static_cast<int64_t>(50 + random() % 40);
      const auto k = static_cast<int64_t>(random() % 50);
      const auto queries = static_cast<int64_t>(1 + random() % 12);
      const auto keys = static_cast<int64_t>(1 + random() % 40);
      ASSERT_NO_FATAL_FAILURE(expect_bound(*term.within, {{q}, {q + queries}}, {{k}, {k + keys}}));
    }
  }
}

TEST(Hierarchical, FollowsTheTextsStructure) {
  for (const Segments::Shape& shape : kShapes)
    for (const size_t step : {size_t{37}, kTokens})
      expect_twin(shape, some_ends(), Operand::f32, step);
  expect_twin({9, 4, 3}, some_ends(), Operand::f32, 1);
}

TEST(Hierarchical, RoundsAsTheCacheDoes) {
  for (const Segments::Shape& shape : kShapes) expect_twin(shape, {}, Operand::bf16, 100);
}

// Means of equal keys lose nothing: then it is full attention.
TEST(Hierarchical, LosesNothingOfEqualKeys) {
  Problem p = make_problem(kTokens, kTokens, kHeads, kKvHeads, kHeadDim, 6);
  for (size_t i = kKeyCols; i < p.k.size(); ++i) p.k[i] = p.k[i - kKeyCols];
  const std::vector<float> got = attend_in_steps(p, {5, 4, 3, 2}, {}, Operand::f32, 64);
  std::vector<double> sum(kKeyCols), size(kKeyCols);
  for (size_t t = 0; t < kTokens; ++t) {
    for (size_t c = 0; c < kKeyCols; ++c) {
      sum[c] += p.v[t * kKeyCols + c];
      size[c] += std::abs(p.v[t * kKeyCols + c]);
    }
    const auto tokens = static_cast<double>(t + 1);
    for (size_t head = 0; head < kHeads; ++head) {
      for (size_t d = 0; d < kHeadDim; ++d) {
        const size_t c = head / (kHeads / kKvHeads) * kHeadDim + d;
        ASSERT_NEAR(got[(t * kHeads + head) * kHeadDim + d], sum[c] / tokens,
                    tolerance(Operand::f32) * size[c] / tokens);
      }
    }
  }
}

// What is planned follows the logarithm of the text, but for the last level.
TEST(Hierarchical, ScoresFarLessThanFullAttention) {
  const PatternPtr pattern = pattern_of("hierarchical(window=64, levels=9, fan=4)");
  constexpr size_t kLong = 20000;
  const auto index = pattern->index({.head_dim = 16, .context = kLong});
  ThreadPool pool(1);
  const Compute compute{.pool = &pool};
  const std::vector<float> zeros(kLong * 16);
  index->append(compute, {zeros.data(), kLong, 16}, {zeros.data(), kLong, 16});
  const PositionRange last{{kLong - 1}, {kLong}};
  const HeadPlan plan =
      plan_head(index->choose({}, 0), {.queries = last, .keys = {{0}, {kLong}}}, kLong);
  const uint64_t scored = plan.pairs;
  EXPECT_GE(scored, 4u * 64u);
  EXPECT_LE(scored, 6u * 64u);
}

}  // namespace
}  // namespace fathom
