// strided(stride=S): a query sees every S-th key, counted from itself: (q - k) mod S = 0.
//
// The strided half of the Sparse Transformer: Child et al. 2019, "Generating Long Sequences with
// Sparse Transformers", section 4.3 (arXiv:1904.10509). Without causality it sees as far ahead.
#include <array>

#include "fathom/attention/compose.h"
#include "fathom/attention/distances.h"
#include "fathom/attention/key_orders.h"
#include "fathom/attention/multiples.h"
#include "fathom/attention/pattern.h"

namespace fathom::patterns {
namespace {

class Strided final : public Pattern {
 public:
  explicit Strided(int64_t stride) : stride_(stride) {}

  bool sees(Position query, Position key) const override {
    return (query.value - key.value) % stride_ == 0;
  }

  Coverage cover(PositionRange queries, PositionRange keys) const override {
    const Distances distances(queries, keys);
    if (!has_multiple(distances.least, distances.most, stride_)) return Coverage::empty;
    return all_multiples(distances.least, distances.most, stride_) ? Coverage::full
                                                                   : Coverage::partial;
  }

  bool texture(PositionRange queries, PositionRange keys,
               std::vector<int64_t>& numbers) const override {
    numbers.push_back(residue(Distances(queries, keys).corner, stride_));
    return true;
  }

  // A query sees all of its residue's lane.
  std::vector<Term> terms(int64_t context) const override {
    if (stride_ == 1 || !worth_lanes(stride_, context)) return {};
    return {{.order = residue_lanes(stride_),
             .whole = std::make_shared<Strided>(*this),
             .within = everything()}};
  }

  std::string spec() const override { return "strided(stride=" + std::to_string(stride_) + ")"; }

 private:
  int64_t stride_;  // tokens, at least 1
};

const std::array<ParameterInfo, 1> kParameters = {{
    {.name = "stride",
     .help = "tokens from one seen key to the next",
     .fallback = int64_t{0},
     .required = true,
     .minimum = 1},
}};

constexpr std::string_view kExamples[] = {
    "strided(stride=1)",   "strided(stride=2)",
    "strided(stride=5)",   "strided(stride=63)",
    "strided(stride=64)",  "strided(stride=65)",
    "strided(stride=128)", "strided(stride=9223372036854775807)"};

Result<PatternPtr> make(const Parameters& parameters, const Placement&) {
  return PatternPtr(std::make_shared<Strided>(parameters.integer("stride")));
}

}  // namespace

extern const PatternPlugin strided;
const PatternPlugin strided = {
    .name = "strided",
    .summary = "every `stride`-th key, counted from the query",
    .paper = "Child et al. 2019, Sparse Transformers, arXiv:1904.10509",
    .parameters = kParameters,
    .examples = kExamples,
    .make = make,
    .typical = "strided(stride=16)",
};

}  // namespace fathom::patterns
