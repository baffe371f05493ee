// What policies are told of attention, against softmax in double precision, however the text comes.
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "fathom/kernels/panel.h"
#include "fathom/kv/test_text.h"

namespace fathom {
namespace {

// What a head was told when its tokens were scored.
struct Told {
  std::vector<Position> positions;
  std::vector<float> attention_sums, recent_sums, keys, values;
  std::vector<std::vector<float>> recent_scores;  // by query and head of the group
};

// Asks for everything, and keeps tokens at random.
class Probe final : public Policy {
 public:
  static constexpr int64_t kQueries = 70;

  std::optional<KvBudget> budget() const override { return KvBudget{.tokens = 90}; }
  KvNeeds needs() const override {
    return {.attention_sums = true,
            .recent_queries = kQueries,
            .recent_sums = true,
            .recent_scores = true,
            .keys = true,
            .values = true};
  }
  void score(const KvScoring& head, std::span<float> scores) const override {
    Told now{.positions = {head.positions.begin(), head.positions.end()},
             .attention_sums = {head.attention_sums.begin(), head.attention_sums.end()},
             .recent_sums = {head.recent_sums.begin(), head.recent_sums.end()},
             .keys = {head.keys.data, head.keys.data + head.keys.rows * head.keys.cols},
             .values = {head.values.data, head.values.data + head.values.rows * head.values.cols},
             .recent_scores = {}};
    for (size_t row = 0; row < head.recent_scores.rows; ++row)
      now.recent_scores.emplace_back(head.recent_scores.row(row),
                                     head.recent_scores.row(row) + head.recent_scores.cols);
    policy_of("random(budget=90)")->score(head, scores);
    const std::lock_guard lock(mutex_);
    told[{head.layer, head.kv_head}] = std::move(now);
  }
  std::string spec() const override { return "probe"; }

  mutable std::map<std::pair<size_t, size_t>, Told> told;

 private:
  mutable std::mutex mutex_;
};

// Weights of one query head over the tokens at these positions, none after its own.
std::vector<double> weights(const Text& text, size_t layer, int64_t query, size_t head,
                            std::span<const Position> positions, const std::vector<float>& keys) {
  const size_t dim = kShapes[layer].head_dim;
  const float* const q = text.query(layer, query, head);
  std::vector<double> result(positions.size());
  double sum = 0;
  for (size_t slot = 0; slot < positions.size() && positions[slot].value <= query; ++slot) {
    double score = 0;
    for (size_t d = 0; d < dim; ++d) score += double{q[d]} * keys[slot * dim + d];
    sum += result[slot] = std::exp(text.scale * score);
  }
  for (double& weight : result) weight /= sum;
  return result;
}

class Statistics : public testing::Test {
 protected:
  Statistics() {
    text_.attended = [this](size_t layer, int64_t first, int64_t end) {
      for (size_t h = 0; h < kShapes[layer].kv_heads; ++h) add_weights(layer, h, first, end);
    };
  }

  // What the policy is told of attention, over all queries.
  void add_weights(size_t layer, size_t h, int64_t first, int64_t end) {
    const auto held = text_.cache.positions(layer, h);
    const std::vector<float> keys = all_keys(layer, h);
    for (int64_t query = first; query < end; ++query)
      for (size_t g = 0; g < kGroup; ++g) {
        const auto got = weights(text_, layer, query, h * kGroup + g, held, keys);
        for (size_t slot = 0; slot < held.size(); ++slot)
          sums_[{layer, h}][held[slot].value] += got[slot];
      }
  }

  // Those written and not committed too.
  std::vector<float> all_keys(size_t layer, size_t h) const {
    const size_t dim = kShapes[layer].head_dim;
    const size_t slots = text_.cache.positions(layer, h).size();
    std::vector<float> keys(slots * dim);
    for (size_t slot = 0; slot < slots; slot += kBlock) {
      const std::byte* const block = text_.cache.view(layer)[h].key_blocks[slot / kBlock];
      const size_t count = std::min(kBlock, slots - slot);
      unpack_keys(Operand::f32, block, 0, {keys.data() + slot * dim, count, dim});
    }
    return keys;
  }

  void check(size_t layer, size_t h) {
    const Told& told = probe_->told.at({layer, h});
    ASSERT_EQ(told.attention_sums.size(), told.positions.size());
    for (size_t slot = 0; slot < told.positions.size(); ++slot) {
      const double want = sums_[{layer, h}][told.positions[slot].value];
      ASSERT_NEAR(told.attention_sums[slot], want, 1e-4 * want)
          << "layer " << layer << ", head " << h << ", slot " << slot;
    }
    check_recent_sums(layer, h, told);
    check_recent_scores(layer, h, told);
  }

  void check_recent_sums(size_t layer, size_t h, const Told& told) {
    const auto end = static_cast<int64_t>(text_.cache.tokens());
    std::vector<double> want(told.positions.size());
    for (int64_t query = std::max<int64_t>(0, end - Probe::kQueries); query < end; ++query)
      for (size_t g = 0; g < kGroup; ++g) {
        const auto got = weights(text_, layer, query, h * kGroup + g, told.positions, told.keys);
        for (size_t slot = 0; slot < got.size(); ++slot) want[slot] += got[slot];
      }
    ASSERT_EQ(told.recent_sums.size(), want.size());
    for (size_t slot = 0; slot < want.size(); ++slot)
      ASSERT_NEAR(told.recent_sums[slot], want[slot], 1e-4 * want[slot]) << slot;
  }

  // Of a query head's scores of one token, as queries come in any order, the mean and the mean
  // square.
  void check_recent_scores(size_t layer, size_t h, const Told& told) {
    const auto end = static_cast<int64_t>(text_.cache.tokens());
    const int64_t first = std::max<int64_t>(0, end - Probe::kQueries);
    const auto asked = static_cast<size_t>(end - first);
    const size_t dim = kShapes[layer].head_dim;
    for (size_t g = 0; g < kGroup; ++g) {
      for (size_t slot = 0; slot < told.positions.size(); ++slot) {
        double sum = 0, squares = 0, want_sum = 0, want_squares = 0;
        for (size_t i = 0; i < asked; ++i) {
          const double got = told.recent_scores[i * kGroup + g][slot];
          const float* const q =
              text_.query(layer, first + static_cast<int64_t>(i), h * kGroup + g);
          double want = 0;
          for (size_t d = 0; d < dim; ++d) want += double{q[d]} * told.keys[slot * dim + d];
          sum += got;
          squares += got * got;
          want_sum += want * text_.scale;
          want_squares += want * want * text_.scale * text_.scale;
        }
        ASSERT_NEAR(sum, want_sum, 1e-4);
        ASSERT_NEAR(squares, want_squares, 1e-3);
      }
    }
  }

  std::shared_ptr<const Probe> probe_ = std::make_shared<Probe>();
  Text text_{probe_, {}};
  std::map<std::pair<size_t, size_t>, std::map<int64_t, double>> sums_;  // by layer, head; position
};

TEST_F(Statistics, AreThoseOfSoftmaxHoweverTheTextComes) {
  size_t checked = 0;
  for (const size_t most : {30, 200, 90, 1}) {
    for (int step = 0; step < 10; ++step) {
      probe_->told.clear();
      ASSERT_NO_FATAL_FAILURE(text_.step(1 + text_.random() % most));
      for (const auto& [head, told] : probe_->told) {
        ASSERT_NO_FATAL_FAILURE(check(head.first, head.second)) << text_.cache.tokens();
        ++checked;
      }
    }
  }
  EXPECT_GT(checked, 30 * 7u);
}

// What else drops tokens, at either end of the text: they are forgotten, the others' sums stay.
TEST_F(Statistics, FollowTheCache) {
  ASSERT_NO_FATAL_FAILURE(text_.step(60));
  for (size_t h = 0; h < 2; ++h) {
    std::vector<uint32_t> kept;
    for (uint32_t slot = 20; slot < 60; ++slot) kept.push_back(slot);
    text_.cache.keep(text_.pool, 0, h, kept);
  }
  ASSERT_NO_FATAL_FAILURE(text_.step(70));
  ASSERT_EQ(probe_->told.at({0, 0}).positions.front(), Position{20});
  for (const auto& [head, told] : probe_->told)
    ASSERT_NO_FATAL_FAILURE(check(head.first, head.second));
}

// Tokens that are cut off and read anew have what they got since.
TEST_F(Statistics, FollowACutText) {
  constexpr size_t kLeft = 40;
  ASSERT_NO_FATAL_FAILURE(text_.step(85));
  text_.cache.truncate(kLeft);
  for (auto& [layer, queries] : text_.queries)
    queries.resize(kLeft * kShapes[layer].kv_heads * kGroup * kShapes[layer].head_dim);
  for (auto& [head, sums] : sums_) sums.erase(sums.lower_bound(kLeft), sums.end());
  ASSERT_NO_FATAL_FAILURE(text_.step(45));
  ASSERT_NO_FATAL_FAILURE(text_.step(10));
  for (const auto& [head, told] : probe_->told)
    ASSERT_NO_FATAL_FAILURE(check(head.first, head.second));
  EXPECT_EQ(probe_->told.size(), 7u);
}

}  // namespace
}  // namespace fathom
