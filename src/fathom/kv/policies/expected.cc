// expected(budget=N, queries=Q): the tokens that the queries to come will probably take most from.
//
// After Expected Attention: Devoto et al. 2025, "Expected Attention: KV Cache Compression by
// Estimating Attention from Future Queries Distribution", section 3 (arXiv:2510.00636). If queries
// are normal, the mean of e^score over them is known from a score's mean and variance; a token's
// worth is that, as a share of all tokens', times its value's length, averaged over a group's
// heads:
//
//   w[k] = softmax_k(mean(s[q, k]) + var(s[q, k]) / 2) * |v[k]|     s[q, k] = scale * q . k
//
// The mean and variance are those of the last Q queries' scores, which are what the queries' mean
// and covariance give. Where this differs: the paper takes queries before RoPE and rotates them by
// the average of the rotations to come; here they are as they met the keys, each rotated for its
// own place, so the next queries are taken to look as the last ones did.
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "fathom/kv/policy.h"

namespace fathom::policies {
namespace {

class Expected final : public Policy {
 public:
  Expected(const KvBudget& budget, int64_t queries) : budget_(budget), queries_(queries) {}

  std::optional<KvBudget> budget() const override { return budget_; }
  KvNeeds needs() const override {
    return {.recent_queries = queries_, .recent_scores = true, .values = true};
  }
  void score(const KvScoring& head, std::span<float> scores) const override {
    std::vector<double> shares(scores.size());
    for (size_t h = 0; h < head.group; ++h) {
      expect(head, h, shares);
      for (size_t slot = 0; slot < scores.size(); ++slot)
        scores[slot] += static_cast<float>(shares[slot]);
    }
    for (size_t slot = 0; slot < scores.size(); ++slot)
      scores[slot] *= static_cast<float>(length(head.values.row(slot), head.values.cols));
  }

  std::string spec() const override {
    return "expected(budget=" + budget_.text() + ", queries=" + std::to_string(queries_) + ")";
  }

 private:
  // The share of each token in one query head's softmax of mean + variance / 2, into `logits`.
  static void expect(const KvScoring& head, size_t query_head, std::vector<double>& logits) {
    const ConstMatrix<float> all = head.recent_scores;
    const size_t queries = all.rows / head.group;
    const auto count = static_cast<double>(queries);
    double largest = -HUGE_VAL;
    for (size_t slot = 0; slot < logits.size(); ++slot) {
      double sum = 0;
      double squares = 0;
      for (size_t row = query_head; row < all.rows; row += head.group) {
        sum += all.row(row)[slot];
        squares += double{all.row(row)[slot]} * all.row(row)[slot];
      }
      const double mean = sum / count;
      logits[slot] = mean + std::max(0.0, squares / count - mean * mean) / 2;
      largest = std::max(largest, logits[slot]);
    }
    double total = 0;
    for (double& logit : logits) total += logit = std::exp(logit - largest);
    for (double& logit : logits) logit /= total;
  }

  static double length(const float* row, size_t dim) {
    double square = 0;
    for (size_t d = 0; d < dim; ++d) square += double{row[d]} * row[d];
    return std::sqrt(square);
  }

  KvBudget budget_;
  int64_t queries_;
};

const std::array<ParameterInfo, 2> kParameters = {{
    budget_parameter(),
    {.name = "queries",
     .help = "how many of the last queries the next are taken to be like",
     .fallback = int64_t{64},
     .minimum = 1},
}};

constexpr std::string_view kExamples[] = {"expected(budget=64)", "expected(budget=1, queries=1)",
                                          "expected(budget=0.25, queries=100)"};

Result<PolicyPtr> make(const Parameters& parameters) {
  constexpr int64_t kMost = 4096;
  FATHOM_TRY(const KvBudget budget, read_budget(parameters));
  const int64_t queries = parameters.integer("queries");
  if (queries > kMost) return Error{"queries must be at most " + std::to_string(kMost)};
  return PolicyPtr(std::make_shared<Expected>(budget, queries));
}

}  // namespace

extern const PolicyPlugin expected;
const PolicyPlugin expected = {
    .name = "expected",
    .summary = "what queries like the last ones would take most from",
    .paper = "Devoto et al. 2025, Expected Attention, arXiv:2510.00636; of queries after RoPE",
    .parameters = kParameters,
    .examples = kExamples,
    .make = make,
};

}  // namespace fathom::policies
