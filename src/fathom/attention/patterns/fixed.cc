// fixed(block=L, summary=C): the text is cut into blocks of L tokens; a query sees its own block
// and the last C keys of every block: floor(k / L) = floor(q / L) or k mod L >= L - C.
//
// The fixed pattern of the Sparse Transformer: Child et al. 2019, "Generating Long Sequences with
// Sparse Transformers", section 4.3 (arXiv:1904.10509).
#include <array>

#include "fathom/attention/compose.h"
#include "fathom/attention/key_orders.h"
#include "fathom/attention/pattern.h"
#include "fathom/attention/spec.h"
#include "fathom/kernels/block_plan.h"

namespace fathom::patterns {
namespace {

// The last keys of every block.
class Summaries final : public Pattern {
 public:
  Summaries(int64_t block, int64_t summary) : block_(block), summary_(summary) {}

  bool sees(Position, Position key) const override {
    return key.value % block_ >= block_ - summary_;
  }
  // The last key of a block is one, the first of a block that is not all summary is none.
  Coverage cover(PositionRange, PositionRange keys) const override {
    const int64_t first = keys.begin.value;
    const int64_t last = keys.end.value - 1;
    const bool ends = last - first > block_ || first / block_ != last / block_;
    if (sees({}, {first}) && (!ends || summary_ == block_)) return Coverage::full;
    return sees({}, {last}) || ends ? Coverage::partial : Coverage::empty;
  }
  std::string spec() const override {
    return "summaries(block=" + std::to_string(block_) + ", summary=" + std::to_string(summary_) +
           ")";
  }

 private:
  int64_t block_, summary_;
};

class Fixed final : public Pattern {
 public:
  Fixed(int64_t block, int64_t summary) : block_(block), summary_(summary) {}

  bool sees(Position query, Position key) const override {
    return key.value / block_ == query.value / block_ || is_summary(key.value);
  }

  Coverage cover(PositionRange queries, PositionRange keys) const override {
    const int64_t first = keys.begin.value;
    const int64_t last = keys.end.value - 1;
    const int64_t past = first % block_ + (last - first);  // of the last key from the first's block
    if (is_summary(first) && (past < block_ || summary_ == block_)) return Coverage::full;
    const int64_t first_query = queries.begin.value / block_;
    const int64_t last_query = (queries.end.value - 1) / block_;
    if (past < block_ && first_query == last_query && first_query == first / block_)
      return Coverage::full;
    const bool some_summary = summary_ > 0 && past >= block_ - summary_;
    return some_summary || meets_own(queries, keys) ? Coverage::partial : Coverage::empty;
  }

  bool texture(PositionRange queries, PositionRange keys,
               std::vector<int64_t>& numbers) const override {
    numbers.push_back(keys.begin.value % block_);
    const bool own = meets_own(queries, keys);
    numbers.push_back(own ? 1 : 0);
    if (own) numbers.push_back(queries.begin.value - keys.begin.value);
    return true;
  }

  // Its own block, and the summaries side by side, unless they are whole blocks of the cache.
  std::vector<Term> terms(int64_t) const override {
    const bool aligned = block_ % int64_t{kBlock} == 0 && summary_ % int64_t{kBlock} == 0;
    if (summary_ == 0 || summary_ == block_ || aligned) return {};
    const PatternPtr own =
        *parse_pattern("block_window(block=" + std::to_string(block_) + ", count=1)");
    return {{.order = nullptr, .whole = own, .within = own},
            {.order = residue_subset(block_, block_ - summary_, summary_),
             .whole = std::make_shared<Summaries>(block_, summary_),
             .within = everything()}};
  }

  std::string spec() const override {
    return "fixed(block=" + std::to_string(block_) + ", summary=" + std::to_string(summary_) + ")";
  }

 private:
  bool is_summary(int64_t key) const { return key % block_ >= block_ - summary_; }

  // Whether a query and a key share a block.
  bool meets_own(PositionRange queries, PositionRange keys) const {
    return queries.begin.value / block_ <= (keys.end.value - 1) / block_ &&
           keys.begin.value / block_ <= (queries.end.value - 1) / block_;
  }

  int64_t block_;    // tokens, at least 1
  int64_t summary_;  // keys of each block, 0 to block_
};

const std::array<ParameterInfo, 2> kParameters = {{
    {.name = "block",
     .help = "tokens a block",
     .fallback = int64_t{0},
     .required = true,
     .minimum = 1},
    {.name = "summary",
     .help = "how many of each block's last keys every query sees, at most `block`",
     .fallback = int64_t{0},
     .required = true},
}};

constexpr std::string_view kExamples[] = {
    "fixed(block=1, summary=0)",   "fixed(block=4, summary=1)",   "fixed(block=5, summary=5)",
    "fixed(block=63, summary=2)",  "fixed(block=64, summary=0)",  "fixed(block=64, summary=8)",
    "fixed(block=65, summary=64)", "fixed(block=128, summary=64)"};

Result<PatternPtr> make(const Parameters& parameters, const Placement&) {
  const int64_t block = parameters.integer("block");
  const int64_t summary = parameters.integer("summary");
  if (summary > block)
    return Error{"a block of " + std::to_string(block) + " keys has no " + std::to_string(summary) +
                 " last ones: summary must be at most block"};
  return PatternPtr(std::make_shared<Fixed>(block, summary));
}

}  // namespace

extern const PatternPlugin fixed;
const PatternPlugin fixed = {
    .name = "fixed",
    .summary = "its own block of `block` keys, and the last `summary` of every block",
    .paper = "Child et al. 2019, Sparse Transformers, arXiv:1904.10509",
    .parameters = kParameters,
    .examples = kExamples,
    .make = make,
    .typical = "fixed(block=256, summary=32)",
};

}  // namespace fathom::patterns
