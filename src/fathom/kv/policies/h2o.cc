// h2o(budget=N, recent=R): heavy hitters, which got most attention so far, and the newest tokens.
//
// H2O: Zhang et al. 2023, "H2O: Heavy-Hitter Oracle for Efficient Generative Inference of Large
// Language Models", section 4 (arXiv:2306.14048): softmax weights summed over all queries since the
// token came, as the queries gave them to what was kept; half of the budget is for the newest.
#include <algorithm>
#include <array>
#include <cmath>

#include "fathom/base/parameter_parser.h"
#include "fathom/kv/policy.h"

namespace fathom::policies {
namespace {

class H2o final : public Policy {
 public:
  H2o(const KvBudget& budget, double recent) : budget_(budget), recent_(recent) {}

  std::optional<KvBudget> budget() const override { return budget_; }
  KvNeeds needs() const override { return {.attention_sums = true}; }
  int64_t recent(int64_t budget) const override {
    return static_cast<int64_t>(recent_ < 1 ? recent_ * static_cast<double>(budget) : recent_);
  }
  void score(const KvScoring& head, std::span<float> scores) const override {
    std::ranges::copy(head.attention_sums, scores.begin());
  }

  std::string spec() const override {
    return "h2o(budget=" + budget_.text() + ", recent=" + to_text(ParameterValue(recent_)) + ")";
  }

 private:
  KvBudget budget_;
  double recent_;  // tokens, or below 1 a part of the budget
};

const std::array<ParameterInfo, 2> kParameters = {{
    budget_parameter(),
    {.name = "recent",
     .help = "how many of these are the newest tokens, or what part of them",
     .fallback = 0.5},
}};

constexpr std::string_view kExamples[] = {"h2o(budget=64)", "h2o(budget=1)",
                                          "h2o(budget=100, recent=0)", "h2o(budget=100, recent=70)",
                                          "h2o(budget=0.25, recent=0.1)"};

Result<PolicyPtr> make(const Parameters& parameters) {
  FATHOM_TRY(const KvBudget budget, read_budget(parameters));
  const double recent = parameters.number("recent");
  if (recent < 0 || recent > 0x1p53 || (recent >= 1 && recent != std::floor(recent)))
    return Error{"recent must be a whole number of tokens, or a part of the budget below 1"};
  return PolicyPtr(std::make_shared<H2o>(budget, recent));
}

}  // namespace

extern const PolicyPlugin h2o;
const PolicyPlugin h2o = {
    .name = "h2o",
    .summary = "the tokens that got most attention so far, and the newest",
    .paper = "Zhang et al. 2023, H2O, arXiv:2306.14048",
    .parameters = kParameters,
    .examples = kExamples,
    .make = make,
};

}  // namespace fathom::policies
