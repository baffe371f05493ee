// globals(at=[...]): the tokens at these positions see all and are seen by all: k or q is listed.
//
// Global attention: Beltagy et al. 2020, "Longformer", section 3.1 (arXiv:2004.05150), with the
// model's own projections.
#include <algorithm>
#include <array>
#include <utility>

#include "fathom/attention/parameter_parser.h"
#include "fathom/attention/pattern.h"

namespace fathom::patterns {
namespace {

class Globals final : public Pattern {
 public:
  explicit Globals(std::vector<int64_t> at) : at_(std::move(at)) {
    std::ranges::sort(at_);
    at_.erase(std::ranges::unique(at_).begin(), at_.end());
  }

  bool sees(Position query, Position key) const override {
    return std::ranges::binary_search(at_, key.value) ||
           std::ranges::binary_search(at_, query.value);
  }

  Coverage cover(PositionRange queries, PositionRange keys) const override {
    const auto [first_query, last_query] = in(queries);
    const auto [first_key, last_key] = in(keys);
    if (last_query - first_query == queries.size() || last_key - first_key == keys.size())
      return Coverage::full;
    return first_query == last_query && first_key == last_key ? Coverage::empty : Coverage::partial;
  }

  // Where the listed positions lie in the rectangle.
  bool texture(PositionRange queries, PositionRange keys,
               std::vector<int64_t>& numbers) const override {
    for (const PositionRange& side : {queries, keys}) {
      const auto [first, last] = in(side);
      numbers.push_back(last - first);
      for (auto at = first; at != last; ++at) numbers.push_back(*at - side.begin.value);
    }
    return true;
  }

  std::string spec() const override { return "globals(at=" + to_text(ParameterValue(at_)) + ")"; }

 private:
  // The listed positions within a range.
  std::pair<std::vector<int64_t>::const_iterator, std::vector<int64_t>::const_iterator> in(
      PositionRange range) const {
    return {std::ranges::lower_bound(at_, range.begin.value),
            std::ranges::lower_bound(at_, range.end.value)};
  }

  std::vector<int64_t> at_;  // ascending
};

const std::array<ParameterInfo, 1> kParameters = {{
    {.name = "at",
     .help = "positions of the global tokens, from 0",
     .fallback = std::vector<int64_t>{},
     .required = true},
}};

constexpr std::string_view kExamples[] = {"globals(at=[])", "globals(at=[0])",
                                          "globals(at=[7, 3, 3, 4])",
                                          "globals(at=[1, 63, 64, 65, 127, 191])"};

Result<PatternPtr> make(const Parameters& parameters, const Placement&) {
  return PatternPtr(std::make_shared<Globals>(parameters.list("at")));
}

}  // namespace

extern const PatternPlugin globals;
const PatternPlugin globals = {
    .name = "globals",
    .summary = "the keys at `at`; the queries at `at` see every key",
    .paper = "Beltagy et al. 2020, Longformer, arXiv:2004.05150",
    .parameters = kParameters,
    .examples = kExamples,
    .make = make,
};

}  // namespace fathom::patterns
