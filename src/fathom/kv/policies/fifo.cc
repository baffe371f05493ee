// fifo(budget=N): the newest N tokens. Of a whole number a query sees itself and the N - 1 before
// it; a share of the text is what is kept between steps.
//
// A window over the cache: Beltagy et al. 2020, "Longformer", section 3.1 (arXiv:2004.05150). It
// gives up the first tokens, on which attention leans (Xiao et al. 2023, arXiv:2309.17453): what
// `streaming` mends.
#include <array>

#include "fathom/kv/policy.h"

namespace fathom::policies {
namespace {

class Fifo final : public Policy {
 public:
  explicit Fifo(const KvBudget& budget) : budget_(budget) {}

  std::optional<KvBudget> budget() const override { return budget_; }
  // A share of a text that grows is no window: then the newest go by the score that all have.
  std::optional<KvReach> reach() const override {
    if (budget_.tokens == 0) return std::nullopt;
    return KvReach{.recent = budget_.tokens};
  }
  std::string spec() const override { return "fifo(budget=" + budget_.text() + ")"; }

 private:
  KvBudget budget_;
};

const std::array<ParameterInfo, 1> kParameters = {budget_parameter()};

constexpr std::string_view kExamples[] = {"fifo(budget=1)", "fifo(budget=64)", "fifo(budget=100)",
                                          "fifo(budget=0.25)"};

Result<PolicyPtr> make(const Parameters& parameters) {
  FATHOM_TRY(const KvBudget budget, read_budget(parameters));
  return PolicyPtr(std::make_shared<Fifo>(budget));
}

}  // namespace

extern const PolicyPlugin fifo;
const PolicyPlugin fifo = {
    .name = "fifo",
    .summary = "the newest tokens",
    .paper = "Beltagy et al. 2020, Longformer, arXiv:2004.05150",
    .parameters = kParameters,
    .examples = kExamples,
    .make = make,
};

}  // namespace fathom::policies
