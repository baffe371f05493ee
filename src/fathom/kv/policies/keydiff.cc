// keydiff(budget=N): the keys least like the others.
//
// KeyDiff: Park et al. 2025, "KeyDiff: Key Similarity-Based KV Cache Eviction for Long-Context LLM
// Inference in Resource-Constrained Environments", section 3 (arXiv:2504.15364): the least cosine
// with the mean of the normalised keys.
#include <array>
#include <cmath>
#include <vector>

#include "fathom/kv/policy.h"

namespace fathom::policies {
namespace {

class Keydiff final : public Policy {
 public:
  explicit Keydiff(const KvBudget& budget) : budget_(budget) {}

  std::optional<KvBudget> budget() const override { return budget_; }
  KvNeeds needs() const override { return {.keys = true}; }
  void score(const KvScoring& head, std::span<float> scores) const override {
    const std::vector<double> mean = mean_direction(head.keys);
    for (size_t slot = 0; slot < scores.size(); ++slot) {
      const float* const key = head.keys.row(slot);
      double product = 0;
      for (size_t d = 0; d < mean.size(); ++d) product += mean[d] * key[d];
      // The mean's own length is the same for all.
      scores[slot] = static_cast<float>(-product * inverse_length(key, mean.size()));
    }
  }

  std::string spec() const override { return "keydiff(budget=" + budget_.text() + ")"; }

 private:
  // 0 of a key that is zero.
  static double inverse_length(const float* key, size_t dim) {
    double square = 0;
    for (size_t d = 0; d < dim; ++d) square += double{key[d]} * key[d];
    return square == 0 ? 0 : 1 / std::sqrt(square);
  }
  static std::vector<double> mean_direction(ConstMatrix<float> keys) {
    std::vector<double> mean(keys.cols);
    for (size_t slot = 0; slot < keys.rows; ++slot) {
      const float* const key = keys.row(slot);
      const double by = inverse_length(key, keys.cols) / static_cast<double>(keys.rows);
      for (size_t d = 0; d < keys.cols; ++d) mean[d] += by * key[d];
    }
    return mean;
  }

  KvBudget budget_;
};

const std::array<ParameterInfo, 1> kParameters = {{
    budget_parameter(),
}};

constexpr std::string_view kExamples[] = {"keydiff(budget=64)", "keydiff(budget=1)",
                                          "keydiff(budget=0.25)"};

Result<PolicyPtr> make(const Parameters& parameters) {
  FATHOM_TRY(const KvBudget budget, read_budget(parameters));
  return PolicyPtr(std::make_shared<Keydiff>(budget));
}

}  // namespace

extern const PolicyPlugin keydiff;
const PolicyPlugin keydiff = {
    .name = "keydiff",
    .summary = "the keys least like the mean of all",
    .paper = "Park et al. 2025, KeyDiff, arXiv:2504.15364",
    .parameters = kParameters,
    .examples = kExamples,
    .make = make,
};

}  // namespace fathom::policies
