// The sampler against a plain reference that works on sorted probabilities, and its draws against
// the distribution that they come from.
#include "fathom/sample/sampler.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <utility>

#include <gtest/gtest.h>

namespace fathom {
namespace {

std::vector<float> random_logits(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<float> logits(count);
  // In steps of 1/8, so that there are ties.
  for (float& x : logits) x = static_cast<float>(random() % 97) / 8 - 6;
  return logits;
}

// What each token's probability should be, by the header's order of steps and nothing clever.
std::map<TokenId, double> reference(std::vector<float> logits, const std::vector<TokenId>& history,
                                    const SamplingOptions& o) {
  const size_t window = std::min(history.size(), o.repetition_window);
  for (const TokenId t :
       std::set<TokenId>(history.end() - static_cast<ptrdiff_t>(window), history.end())) {
    float& x = logits[static_cast<size_t>(t)];
    x = static_cast<float>(x > 0 ? x / o.repetition_penalty : x * o.repetition_penalty);
  }
  std::vector<TokenId> ids(logits.size());
  std::iota(ids.begin(), ids.end(), 0);
  const auto logit = [&](TokenId t) { return double{logits[static_cast<size_t>(t)]}; };
  std::ranges::sort(ids, {}, [&](TokenId t) { return std::pair(-logit(t), t); });
  if (o.top_k > 0) ids.resize(std::min(ids.size(), static_cast<size_t>(o.top_k)));

  const auto softmax = [&](double temperature) {
    std::vector<double> p;
    p.reserve(ids.size());
    for (const TokenId t : ids) p.push_back(std::exp((logit(t) - logit(ids[0])) / temperature));
    const double sum = std::accumulate(p.begin(), p.end(), 0.0);
    for (double& x : p) x /= sum;
    return p;
  };
  const auto p = softmax(1);
  double sum = 0;
  size_t kept = 0;
  while (kept < p.size() && sum < o.top_p) sum += p[kept++];
  ids.resize(kept);
  while (!ids.empty() && std::exp(logit(ids.back()) - logit(ids[0])) < o.min_p) ids.pop_back();

  std::map<TokenId, double> result;
  const auto final_p = softmax(o.temperature);
  for (size_t i = 0; i < ids.size(); ++i) result[ids[i]] = final_p[i];
  return result;
}

// Draws until the tokens' frequencies can be told from wrong ones. The chi-square statistic of `n`
// degrees of freedom has mean n and variance 2n; six deviations are past any luck, and the seed is
// fixed.
void expect_distribution(const std::vector<float>& logits, const std::vector<TokenId>& history,
                         const SamplingOptions& options) {
  constexpr int kDraws = 40000;
  const auto expected = reference(logits, history, options);
  std::map<TokenId, int> counts;
  Sampler sampler(options);
  for (int i = 0; i < kDraws; ++i) ++counts[sampler.sample(logits, history)];
  for (const auto& [token, count] : counts)
    EXPECT_TRUE(expected.contains(token)) << token << " was to be left out";

  double statistic = 0;
  int cells = 0;
  double rare_expected = 0;
  double rare_count = 0;
  const auto add = [&](double count, double mean) {
    statistic += (count - mean) * (count - mean) / mean;
    ++cells;
  };
  for (const auto& [token, p] : expected) {
    if (p * kDraws >= 10) {
      add(counts[token], p * kDraws);
    } else {  // too few for the normal approximation: in one cell
      rare_expected += p * kDraws;
      rare_count += counts[token];
    }
  }
  if (rare_expected >= 10) add(rare_count, rare_expected);
  const double freedom = cells - 1;
  EXPECT_LE(statistic, freedom + 6 * std::sqrt(2 * freedom) + 1e-9);
}

SamplingOptions at(double temperature) {
  SamplingOptions options;
  options.temperature = temperature;
  options.seed = 42;
  return options;
}

const std::vector<TokenId> kNone;

TEST(Sampler, GreedyTakesTheGreatestAndTheSmallerIdOfTies) {
  Sampler greedy(SamplingOptions{});
  EXPECT_EQ(greedy.sample(std::vector<float>{1, 5, 3, 5}, kNone), 1);
  EXPECT_EQ(greedy.sample(std::vector<float>{-1, -5}, kNone), 0);
  EXPECT_EQ(greedy.sample(std::vector<float>{NAN, -INFINITY, -7, NAN}, kNone), 2);
  EXPECT_EQ(greedy.sample(std::vector<float>{1, INFINITY, 3}, kNone), 1);
}

TEST(Sampler, TemperatureAlone) {
  for (const double t : {0.3, 1.0, 2.5}) expect_distribution(random_logits(50, 1), kNone, at(t));
}

TEST(Sampler, TopK) {
  for (const int64_t k : {1, 2, 7, 50, 1000}) {
    SamplingOptions options = at(1.5);
    options.top_k = k;
    expect_distribution(random_logits(50, 2), kNone, options);
  }
}

TEST(Sampler, TopKTiesKeepTheSmallerIds) {
  SamplingOptions options = at(1);
  options.top_k = 2;
  Sampler sampler(options);
  std::set<TokenId> drawn;
  for (int i = 0; i < 200; ++i) drawn.insert(sampler.sample(std::vector<float>(9, 1.0f), kNone));
  EXPECT_EQ(drawn, (std::set<TokenId>{0, 1}));
}

TEST(Sampler, TopP) {
  for (const double p : {1e-9, 0.1, 0.5, 0.9, 0.999, 1.0}) {
    SamplingOptions options = at(1);
    options.top_p = p;
    expect_distribution(random_logits(60, 3), kNone, options);
  }
}

TEST(Sampler, MinP) {
  for (const double p : {0.0, 0.01, 0.3, 1.0}) {
    SamplingOptions options = at(0.8);
    options.min_p = p;
    expect_distribution(random_logits(60, 4), kNone, options);
  }
}

TEST(Sampler, RepetitionPenalty) {
  const std::vector<TokenId> history = {1, 1, 1, 8, 9, 3, 3};
  SamplingOptions options = at(1);
  options.repetition_penalty = 1.7;
  expect_distribution(random_logits(20, 5), history, options);
  options.repetition_window = 3;
  expect_distribution(random_logits(20, 5), history, options);
  options.repetition_penalty = 0.5;
  expect_distribution(random_logits(20, 5), history, options);
}

TEST(Sampler, GreedyMindsThePenaltyToo) {
  SamplingOptions options;
  options.repetition_penalty = 2;
  Sampler sampler(options);
  EXPECT_EQ(sampler.sample(std::vector<float>{3, 4, -1}, std::vector<TokenId>{1}), 0);
  EXPECT_EQ(sampler.sample(std::vector<float>{-3, -2, -9}, std::vector<TokenId>{1, 1}), 0);
  options.repetition_window = 0;
  EXPECT_EQ(Sampler(options).sample(std::vector<float>{3, 4, -1}, std::vector<TokenId>{1}), 1);
}

TEST(Sampler, EverythingTogether) {
  for (uint32_t seed = 0; seed < 10; ++seed) {
    SamplingOptions options = at(0.7 + 0.1 * seed);
    options.seed = seed;
    options.top_k = 30;
    options.top_p = 0.93;
    options.min_p = 0.02;
    options.repetition_penalty = 1.1;
    expect_distribution(random_logits(200, seed), {5, 6, 7, 8, 5}, options);
  }
}

TEST(Sampler, IgnoresNanAndInfinitiesInTheDraw) {
  std::vector<float> logits = random_logits(20, 6);
  logits[3] = NAN;
  logits[4] = -INFINITY;
  SamplingOptions options = at(1);
  options.top_p = 0.999;
  options.top_k = 19;
  Sampler sampler(options);
  for (int i = 0; i < 1000; ++i) {
    const TokenId token = sampler.sample(logits, kNone);
    ASSERT_TRUE(token >= 0 && token < 20 && token != 3 && token != 4) << token;
  }
  logits[7] = INFINITY;
  for (int i = 0; i < 100; ++i) ASSERT_EQ(sampler.sample(logits, kNone), 7);
}

TEST(Sampler, ExtremeTemperatures) {
  const std::vector<float> logits = {1, 2, 2.001f, 0};
  Sampler cold(at(1e-300));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(cold.sample(logits, kNone), 2);
  expect_distribution(logits, kNone, at(1e300));
}

TEST(Sampler, TheSeedDecides) {
  const auto logits = random_logits(1000, 7);
  const auto draw = [&](uint64_t seed) {
    SamplingOptions options = at(2);
    options.seed = seed;
    Sampler sampler(options);
    std::vector<TokenId> tokens(50);
    for (TokenId& token : tokens) token = sampler.sample(logits, kNone);
    return tokens;
  };
  EXPECT_EQ(draw(1), draw(1));
  EXPECT_NE(draw(1), draw(2));
  EXPECT_NE(draw(0), draw(1));
}

TEST(SamplingOptions, CheckNamesTheOption) {
  const auto message = [](const std::function<void(SamplingOptions&)>& change) {
    SamplingOptions options;
    change(options);
    const Status status = check(options);
    return status.ok() ? std::string("ok") : status.error().message;
  };
  EXPECT_EQ(message([](SamplingOptions&) {}), "ok");
  EXPECT_EQ(message([](auto& o) { o.top_p = 1e-12; }), "ok");
  EXPECT_EQ(message([](auto& o) { o.min_p = 1; }), "ok");
  for (const double bad : {-0.1, double{NAN}, double{INFINITY}})
    EXPECT_TRUE(message([&](auto& o) { o.temperature = bad; }).starts_with("temperature"));
  EXPECT_TRUE(message([](auto& o) { o.top_k = -1; }).starts_with("top_k"));
  for (const double bad : {0.0, 1.01, -1.0, double{NAN}})
    EXPECT_TRUE(message([&](auto& o) { o.top_p = bad; }).starts_with("top_p"));
  for (const double bad : {-0.01, 1.01, double{NAN}})
    EXPECT_TRUE(message([&](auto& o) { o.min_p = bad; }).starts_with("min_p"));
  for (const double bad : {0.0, -1.0, double{NAN}, double{INFINITY}}) {
    EXPECT_TRUE(
        message([&](auto& o) { o.repetition_penalty = bad; }).starts_with("repetition_penalty"));
  }
}

}  // namespace
}  // namespace fathom
