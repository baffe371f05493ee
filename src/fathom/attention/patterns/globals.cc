// globals(at=[...]): the tokens at these positions see all and are seen by all: k or q is listed.
//
// Global attention: Beltagy et al. 2020, "Longformer", section 3.1 (arXiv:2004.05150), with the
// model's own projections.
#include <algorithm>
#include <array>
#include <utility>

#include "fathom/attention/compose.h"
#include "fathom/attention/key_orders.h"
#include "fathom/attention/pattern.h"
#include "fathom/base/parameter_parser.h"
#include "fathom/kernels/block_plan.h"

namespace fathom::patterns {
namespace {

// Which of the two directions.
enum class Side : uint8_t { queries, keys, both };

class Globals final : public Pattern {
 public:
  // `at`: ascending.
  Globals(std::vector<int64_t> at, Side side)
      : at_(std::move(at)), rows_(side != Side::keys), columns_(side != Side::queries) {}

  bool sees(Position query, Position key) const override {
    return (columns_ && std::ranges::binary_search(at_, key.value)) ||
           (rows_ && std::ranges::binary_search(at_, query.value));
  }

  Coverage cover(PositionRange queries, PositionRange keys) const override {
    const int64_t of_queries = rows_ ? listed(queries) : 0;
    const int64_t of_keys = columns_ ? listed(keys) : 0;
    if (of_queries == queries.size() || of_keys == keys.size()) return Coverage::full;
    return of_queries == 0 && of_keys == 0 ? Coverage::empty : Coverage::partial;
  }

  // Where the listed positions lie in the rectangle.
  bool texture(PositionRange queries, PositionRange keys,
               std::vector<int64_t>& numbers) const override {
    if (rows_) append_listed(queries, numbers);
    if (columns_) append_listed(keys, numbers);
    return true;
  }

  // The keys side by side, where they are scattered over many blocks of the cache.
  std::vector<Term> terms(int64_t) const override {
    std::vector<int64_t> blocks;
    blocks.reserve(at_.size());
    for (const int64_t at : at_) blocks.push_back(at / int64_t{kBlock});
    blocks.erase(std::ranges::unique(blocks).begin(), blocks.end());
    if (blocks.size() * kBlock <= 2 * at_.size() || blocks.size() == 1) return {};
    const auto rows = std::make_shared<Globals>(at_, Side::queries);
    return {{.order = nullptr, .whole = rows, .within = rows},
            {.order = listed_keys(at_),
             .whole = std::make_shared<Globals>(at_, Side::keys),
             .within = everything()}};
  }

  std::string spec() const override {
    const std::string one_way = !rows_ ? " as keys" : !columns_ ? " as queries" : "";
    return "globals(at=" + to_text(ParameterValue(at_)) + ")" + one_way;
  }

 private:
  using Iterator = std::vector<int64_t>::const_iterator;
  std::pair<Iterator, Iterator> in(PositionRange range) const {
    return {std::ranges::lower_bound(at_, range.begin.value),
            std::ranges::lower_bound(at_, range.end.value)};
  }
  int64_t listed(PositionRange range) const {
    const auto [first, last] = in(range);
    return last - first;
  }
  void append_listed(PositionRange range, std::vector<int64_t>& numbers) const {
    const auto [first, last] = in(range);
    numbers.push_back(last - first);
    for (auto at = first; at != last; ++at) numbers.push_back(*at - range.begin.value);
  }

  std::vector<int64_t> at_;
  bool rows_;     // the queries there see all
  bool columns_;  // the keys there are seen by all
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
  std::vector<int64_t> at = parameters.list("at");
  std::ranges::sort(at);
  at.erase(std::ranges::unique(at).begin(), at.end());
  return PatternPtr(std::make_shared<Globals>(std::move(at), Side::both));
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
    .typical = "globals(at=[0, 1000, 2000, 3000])",
};

}  // namespace fathom::patterns
