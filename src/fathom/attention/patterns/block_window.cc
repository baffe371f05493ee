// block_window(block=B, count=N): the text is cut into blocks of B tokens; a query sees its own
// block and the N - 1 before it: floor(q / B) - floor(k / B) < N.
//
// The window of BigBird: Zaheer et al. 2020, "Big Bird: Transformers for Longer Sequences", section
// 2 and appendix D (arXiv:2007.14062). Without causality it reaches as far ahead as back.
#include <array>

#include "fathom/attention/pattern.h"

namespace fathom::patterns {
namespace {

class BlockWindow final : public Pattern {
 public:
  BlockWindow(int64_t block, int64_t count) : block_(block), count_(count) {}

  bool sees(Position query, Position key) const override {
    const int64_t distance = query.value / block_ - key.value / block_;
    return -count_ < distance && distance < count_;
  }

  Coverage cover(PositionRange queries, PositionRange keys) const override {
    const int64_t least = queries.begin.value / block_ - (keys.end.value - 1) / block_;
    const int64_t most = (queries.end.value - 1) / block_ - keys.begin.value / block_;
    if (least >= count_ || most <= -count_) return Coverage::empty;
    return most < count_ && least > -count_ ? Coverage::full : Coverage::partial;
  }

  bool texture(PositionRange queries, PositionRange keys,
               std::vector<int64_t>& numbers) const override {
    numbers.push_back(keys.begin.value % block_);
    numbers.push_back(queries.begin.value - keys.begin.value);
    return true;
  }

  std::string spec() const override {
    return "block_window(block=" + std::to_string(block_) + ", count=" + std::to_string(count_) +
           ")";
  }

 private:
  int64_t block_;  // tokens
  int64_t count_;  // blocks, its own included
};

const std::array<ParameterInfo, 2> kParameters = {{
    {.name = "block", .help = "tokens a block", .fallback = int64_t{64}, .minimum = 1},
    {.name = "count",
     .help = "how many blocks back a query sees, its own included",
     .fallback = int64_t{2},
     .minimum = 1},
}};

constexpr std::string_view kExamples[] = {"block_window",
                                          "block_window(block=1, count=3)",
                                          "block_window(block=5, count=1)",
                                          "block_window(block=63, count=2)",
                                          "block_window(block=65, count=3)",
                                          "block_window(block=3, count=9223372036854775807)"};

Result<PatternPtr> make(const Parameters& parameters, const Placement&) {
  return PatternPtr(
      std::make_shared<BlockWindow>(parameters.integer("block"), parameters.integer("count")));
}

}  // namespace

extern const PatternPlugin block_window;
const PatternPlugin block_window = {
    .name = "block_window",
    .summary = "its own block of `block` keys, and the `count` - 1 before it",
    .paper = "Zaheer et al. 2020, Big Bird, arXiv:2007.14062",
    .parameters = kParameters,
    .examples = kExamples,
    .make = make,
    .typical = "block_window(count=16)",
};

}  // namespace fathom::patterns
