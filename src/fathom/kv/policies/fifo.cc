// fifo(budget=N): the newest N tokens; a query sees itself and the N - 1 before it.
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

  std::optional<KvReach> reach(int64_t text_tokens) const override {
    return KvReach{.recent = budget_.of(text_tokens)};
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
