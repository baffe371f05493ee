// tova(budget=N): what the last query looked at, the same tokens in all heads of a layer.
//
// TOVA: Oren et al. 2024, "Transformers are Multi-State RNNs", section 3.2 (arXiv:2401.06104): the
// last query's softmax weights, averaged over the layer's heads; the token with the least goes.
// The paper drops one a step; here as many go as exceed the budget after a step, or a block of
// generated tokens. The newest stays.
#include <algorithm>
#include <array>

#include "fathom/kv/policy.h"

namespace fathom::policies {
namespace {

class Tova final : public Policy {
 public:
  explicit Tova(const KvBudget& budget) : budget_(budget) {}

  std::optional<KvBudget> budget() const override { return budget_; }
  KvNeeds needs() const override { return {.recent_queries = 1, .recent_sums = true}; }
  int64_t recent(int64_t) const override { return 1; }
  bool shares_layer() const override { return true; }
  // KV heads have groups of one size, so that the mean of their sums orders as that of all heads.
  void score(const KvScoring& head, std::span<float> scores) const override {
    std::ranges::copy(head.recent_sums, scores.begin());
  }

  std::string spec() const override { return "tova(budget=" + budget_.text() + ")"; }

 private:
  KvBudget budget_;
};

const std::array<ParameterInfo, 1> kParameters = {{
    budget_parameter(),
}};

constexpr std::string_view kExamples[] = {"tova(budget=64)", "tova(budget=1)", "tova(budget=0.25)"};

Result<PolicyPtr> make(const Parameters& parameters) {
  FATHOM_TRY(const KvBudget budget, read_budget(parameters));
  return PolicyPtr(std::make_shared<Tova>(budget));
}

}  // namespace

extern const PolicyPlugin tova;
const PolicyPlugin tova = {
    .name = "tova",
    .summary = "what the last query looked at, the same in all heads of a layer",
    .paper = "Oren et al. 2024, TOVA, arXiv:2401.06104",
    .parameters = kParameters,
    .examples = kExamples,
    .make = make,
};

}  // namespace fathom::policies
