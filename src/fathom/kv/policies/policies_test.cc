// Each policy's scores against the equations of its paper, written out plainly in double precision.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "fathom/kv/kv_spec.h"
#include "fathom/kv/policy.h"

namespace fathom {
namespace {

constexpr size_t kDim = 24;
constexpr size_t kGroup = 3;
constexpr size_t kQueries = 10;
constexpr float kScale = 0.2f;

// One KV head's tokens: some of a text, all that a policy may want to know of them at random.
struct Head {
  explicit Head(size_t slots, uint32_t seed = 1) : random(seed) {
    for (size_t slot = 0; slot < slots; ++slot)
      positions.push_back({static_cast<int64_t>(3 * slot + random() % 3)});
    for (std::vector<float>* numbers : {&keys, &values}) *numbers = normal(slots * kDim);
    queries = normal(kQueries * kGroup * kDim);
    for (std::vector<float>* sums : {&attention_sums, &recent_sums})
      for (size_t slot = 0; slot < slots; ++slot)
        sums->push_back(static_cast<float>(random() % 1000) / 100);
    for (size_t row = 0; row < kQueries * kGroup; ++row)
      for (size_t slot = 0; slot < slots; ++slot)
        scores.push_back(
            static_cast<float>(kScale * product(&queries[row * kDim], &keys[slot * kDim])));
  }

  KvScoring scoring() const {
    KvScoring all;
    all.group = kGroup;
    all.positions = positions;
    all.end = {positions.back().value + 1};
    all.attention_sums = attention_sums;
    all.recent_sums = recent_sums;
    all.recent_scores = ConstMatrix<float>(scores.data(), kQueries * kGroup, positions.size());
    all.keys = ConstMatrix<float>(keys.data(), positions.size(), kDim);
    all.values = ConstMatrix<float>(values.data(), positions.size(), kDim);
    return all;
  }

  std::vector<float> normal(size_t count) {
    std::normal_distribution<float> distribution;
    std::vector<float> numbers(count);
    for (float& x : numbers) x = distribution(random);
    return numbers;
  }
  static double product(const float* a, const float* b) {
    double sum = 0;
    for (size_t d = 0; d < kDim; ++d) sum += double{a[d]} * b[d];
    return sum;
  }
  double key_norm(size_t slot) const {
    return std::sqrt(product(&keys[slot * kDim], &keys[slot * kDim]));
  }

  std::mt19937 random;
  std::vector<Position> positions;
  std::vector<float> queries, keys, values, attention_sums, recent_sums, scores;
};

PolicyPtr policy_of(std::string_view spec) { return parse_kv_spec(spec)->policy; }

std::vector<float> scores_of(std::string_view spec, const KvScoring& scoring) {
  std::vector<float> scores(scoring.positions.size());
  policy_of(spec)->score(scoring, scores);
  return scores;
}

TEST(Policies, OnlyWhatIsNeededIsAsked) {
  const auto needs = [](std::string_view spec) { return policy_of(spec)->needs(); };
  EXPECT_TRUE(needs("h2o(budget=9)").attention_sums);
  EXPECT_EQ(needs("snapkv(budget=9, window=7)").recent_queries, 7);
  EXPECT_EQ(needs("tova(budget=9)").recent_queries, 1);
  EXPECT_EQ(needs("expected(budget=9, queries=5)").recent_queries, 5);
  for (const std::string_view spec : {"keep", "fifo(budget=9)", "streaming", "random(budget=9)"}) {
    const KvNeeds none = needs(spec);
    EXPECT_FALSE(none.attention_sums || none.keys || none.values || none.recent_queries > 0)
        << spec;
  }
}

TEST(Policies, ByPosition) {
  const KvReach fifo = policy_of("fifo(budget=100)")->reach().value_or(KvReach{});
  EXPECT_EQ(fifo.sinks, 0);
  EXPECT_EQ(fifo.recent, 100);
  EXPECT_FALSE(fifo.reindexed);
  EXPECT_FALSE(policy_of("fifo(budget=0.5)")->reach().has_value());
  const KvReach streaming = policy_of("streaming(sinks=3, recent=50)")->reach().value_or(KvReach{});
  EXPECT_EQ(streaming.sinks, 3);
  EXPECT_EQ(streaming.recent, 50);
  EXPECT_TRUE(streaming.reindexed);
  EXPECT_FALSE(policy_of("keep")->reach() || policy_of("keep")->budget());
}

TEST(Policies, H2oSumsAttention) {
  const Head head(50);
  EXPECT_EQ(scores_of("h2o(budget=9)", head.scoring()), head.attention_sums);
  EXPECT_EQ(policy_of("h2o(budget=9)")->recent(100), 50);
  EXPECT_EQ(policy_of("h2o(budget=9, recent=0.1)")->recent(100), 10);
  EXPECT_EQ(policy_of("h2o(budget=9, recent=64)")->recent(100), 64);
}

TEST(Policies, SnapkvPoolsWhatLiesBeforeItsWindow) {
  const Head head(60);
  const KvScoring scoring = head.scoring();
  for (const size_t pool : {1, 3, 7, 201}) {
    const std::string spec = "snapkv(budget=9, window=30, pool=" + std::to_string(pool) + ")";
    const std::vector<float> got = scores_of(spec, scoring);
    // Zeros around what lies before the window, and a mean over `pool` neighbours.
    std::vector<double> padded(pool / 2, 0.0);
    size_t before = 0;
    for (; head.positions[before].value < scoring.end.value - 30; ++before)
      padded.push_back(head.recent_sums[before]);
    padded.resize(padded.size() + pool / 2);
    ASSERT_GT(before, 20u);
    ASSERT_LT(before, 60u);
    for (size_t slot = 0; slot < before; ++slot) {
      const double sum = std::accumulate(padded.begin() + static_cast<ptrdiff_t>(slot),
                                         padded.begin() + static_cast<ptrdiff_t>(slot + pool), 0.0);
      EXPECT_NEAR(got[slot], sum / static_cast<double>(pool), 1e-6 * sum) << spec;
    }
  }
  EXPECT_EQ(policy_of("snapkv(budget=9)")->recent(100), 64);
  EXPECT_FALSE(policy_of("snapkv(budget=9)")->while_decoding());
}

TEST(Policies, TovaTakesTheLastQuerysWeights) {
  const Head head(50);
  EXPECT_EQ(scores_of("tova(budget=9)", head.scoring()), head.recent_sums);
  EXPECT_TRUE(policy_of("tova(budget=9)")->shares_layer());
}

TEST(Policies, KnormTakesTheShortest) {
  const Head head(50);
  const std::vector<float> got = scores_of("knorm(budget=9)", head.scoring());
  for (size_t a = 0; a < 50; ++a)
    for (size_t b = 0; b < 50; ++b)
      EXPECT_TRUE(got[a] > got[b] || head.key_norm(a) >= head.key_norm(b) * (1 - 1e-6));
}

TEST(Policies, KeydiffTakesTheLeastLikeTheMean) {
  const Head head(50);
  std::vector<float> mean(kDim);
  for (size_t d = 0; d < kDim; ++d) {
    double sum = 0;
    for (size_t slot = 0; slot < 50; ++slot)
      sum += head.keys[slot * kDim + d] / head.key_norm(slot);
    mean[d] = static_cast<float>(sum / 50);
  }
  const double length = std::sqrt(Head::product(mean.data(), mean.data()));
  const std::vector<float> got = scores_of("keydiff(budget=9)", head.scoring());
  for (size_t slot = 0; slot < 50; ++slot) {
    const double cosine =
        Head::product(mean.data(), &head.keys[slot * kDim]) / (length * head.key_norm(slot));
    EXPECT_NEAR(got[slot] / length, -cosine, 1e-5);
  }
}

TEST(Policies, KeydiffOfAKeyThatIsZero) {
  Head head(5);
  std::fill_n(head.keys.begin(), kDim, 0.0f);
  EXPECT_EQ(scores_of("keydiff(budget=9)", head.scoring())[0], 0);
}

// The paper's equation, with the queries' mean and covariance written out.
TEST(Policies, ExpectedTakesTheMeanAndCovarianceOfQueries) {
  const Head head(40);
  std::vector<double> want(40);
  for (size_t h = 0; h < kGroup; ++h) {
    const auto query = [&](size_t q) { return &head.queries[(q * kGroup + h) * kDim]; };
    std::vector<float> mean(kDim);
    for (size_t d = 0; d < kDim; ++d) {
      double sum = 0;
      for (size_t q = 0; q < kQueries; ++q) sum += query(q)[d];
      mean[d] = static_cast<float>(sum / kQueries);
    }
    std::vector<double> logits(40);
    double total = 0;
    for (size_t slot = 0; slot < 40; ++slot) {
      const float* const key = &head.keys[slot * kDim];
      double form = 0;  // key . covariance . key
      for (size_t i = 0; i < kDim; ++i)
        for (size_t j = 0; j < kDim; ++j) {
          double covariance = 0;
          for (size_t q = 0; q < kQueries; ++q)
            covariance += (query(q)[i] - mean[i]) * (query(q)[j] - mean[j]) / double{kQueries};
          form += double{key[i]} * covariance * key[j];
        }
      logits[slot] =
          std::exp(kScale * Head::product(mean.data(), key) + kScale * kScale * form / 2);
      total += logits[slot];
    }
    for (size_t slot = 0; slot < 40; ++slot) {
      const float* const value = &head.values[slot * kDim];
      want[slot] += logits[slot] / total * std::sqrt(Head::product(value, value));
    }
  }
  const std::vector<float> got = scores_of("expected(budget=9, queries=10)", head.scoring());
  for (size_t slot = 0; slot < 40; ++slot) EXPECT_NEAR(got[slot], want[slot], 2e-5 * want[slot]);
}

// A token's number depends on its place alone, and a half of a text is a fair sample of it.
TEST(Policies, RandomDrawsTokensOnce) {
  const Head head(4000);
  KvScoring scoring = head.scoring();
  const std::vector<float> all = scores_of("random(budget=9)", scoring);
  scoring.positions = scoring.positions.subspan(1000, 500);
  const std::vector<float> some = scores_of("random(budget=9)", scoring);
  EXPECT_TRUE(std::ranges::equal(some, std::span(all).subspan(1000, 500)));
  for (const auto change : {0, 1, 2}) {
    KvScoring other = scoring;
    other.layer += change == 0 ? 1 : 0;
    other.kv_head += change == 1 ? 1 : 0;
    EXPECT_NE(scores_of(change == 2 ? "random(budget=9, seed=1)" : "random(budget=9)", other),
              some);
  }
  std::vector<float> sorted = all;
  std::ranges::sort(sorted);
  const auto early = std::ranges::count_if(std::span(all).first(2000),
                                           [&](float score) { return score >= sorted[2000]; });
  EXPECT_NEAR(static_cast<double>(early), 1000, 5 * std::sqrt(4000.0) / 4);  // 5 deviations
}

}  // namespace
}  // namespace fathom
