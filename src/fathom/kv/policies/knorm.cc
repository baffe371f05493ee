// knorm(budget=N): the keys of the least L2 norm.
//
// Devoto et al. 2024, "A Simple and Effective L2 Norm-Based Strategy for KV Cache Compression",
// section 3 (arXiv:2406.11430): such keys get much attention. RoPE does not change a norm.
#include <array>

#include "fathom/kv/policy.h"

namespace fathom::policies {
namespace {

class Knorm final : public Policy {
 public:
  explicit Knorm(const KvBudget& budget) : budget_(budget) {}

  std::optional<KvBudget> budget() const override { return budget_; }
  KvNeeds needs() const override { return {.keys = true}; }
  void score(const KvScoring& head, std::span<float> scores) const override {
    for (size_t slot = 0; slot < scores.size(); ++slot) {
      const std::span key(head.keys.row(slot), head.keys.cols);
      float square = 0;
      for (const float x : key) square += x * x;
      scores[slot] = -square;
    }
  }

  std::string spec() const override { return "knorm(budget=" + budget_.text() + ")"; }

 private:
  KvBudget budget_;
};

const std::array<ParameterInfo, 1> kParameters = {{
    budget_parameter(),
}};

constexpr std::string_view kExamples[] = {"knorm(budget=64)", "knorm(budget=1)",
                                          "knorm(budget=0.25)"};

Result<PolicyPtr> make(const Parameters& parameters) {
  FATHOM_TRY(const KvBudget budget, read_budget(parameters));
  return PolicyPtr(std::make_shared<Knorm>(budget));
}

}  // namespace

extern const PolicyPlugin knorm;
const PolicyPlugin knorm = {
    .name = "knorm",
    .summary = "the keys of the least L2 norm",
    .paper = "Devoto et al. 2024, arXiv:2406.11430",
    .parameters = kParameters,
    .examples = kExamples,
    .make = make,
};

}  // namespace fathom::policies
