// every(step=S): every query sees every S-th key of the text: k mod S = 0.
//
// Joined with a window it is local attention with every S-th token global to read, a fixed comb of
// columns as in Child et al. 2019, "Generating Long Sequences with Sparse Transformers", section
// 4.3 (arXiv:1904.10509).
#include <array>

#include "fathom/attention/compose.h"
#include "fathom/attention/key_orders.h"
#include "fathom/attention/multiples.h"
#include "fathom/attention/pattern.h"

namespace fathom::patterns {
namespace {

class Every final : public Pattern {
 public:
  explicit Every(int64_t step) : step_(step) {}

  bool sees(Position, Position key) const override { return key.value % step_ == 0; }

  Coverage cover(PositionRange, PositionRange keys) const override {
    const int64_t last = keys.end.value - 1;
    if (!has_multiple(keys.begin.value, last, step_)) return Coverage::empty;
    return all_multiples(keys.begin.value, last, step_) ? Coverage::full : Coverage::partial;
  }

  bool texture(PositionRange, PositionRange keys, std::vector<int64_t>& numbers) const override {
    numbers.push_back(residue(keys.begin.value, step_));
    return true;
  }

  std::vector<Term> terms(int64_t) const override {
    if (step_ == 1) return {};
    return {{.order = residue_subset(step_, 0, 1),
             .whole = std::make_shared<Every>(*this),
             .within = everything()}};
  }

  std::string spec() const override { return "every(step=" + std::to_string(step_) + ")"; }

 private:
  int64_t step_;  // tokens, at least 1
};

const std::array<ParameterInfo, 1> kParameters = {{
    {.name = "step",
     .help = "tokens from one seen key to the next",
     .fallback = int64_t{0},
     .required = true,
     .minimum = 1},
}};

constexpr std::string_view kExamples[] = {"every(step=1)",
                                          "every(step=2)",
                                          "every(step=7)",
                                          "every(step=63)",
                                          "every(step=64)",
                                          "every(step=65)",
                                          "every(step=9223372036854775807)"};

Result<PatternPtr> make(const Parameters& parameters, const Placement&) {
  return PatternPtr(std::make_shared<Every>(parameters.integer("step")));
}

}  // namespace

extern const PatternPlugin every;
const PatternPlugin every = {
    .name = "every",
    .summary = "every `step`-th key of the text, from its first",
    .paper = "Child et al. 2019, Sparse Transformers, arXiv:1904.10509",
    .parameters = kParameters,
    .examples = kExamples,
    .make = make,
    .typical = "every(step=16)",
};

}  // namespace fathom::patterns
