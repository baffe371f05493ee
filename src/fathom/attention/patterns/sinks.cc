// sinks(count=S): every query sees the text's first S keys: k < S.
//
// Attention sinks: Xiao et al. 2023, "Efficient Streaming Language Models with Attention Sinks",
// section 3 (arXiv:2309.17453).
#include <array>

#include "fathom/attention/pattern.h"

namespace fathom::patterns {
namespace {

class Sinks final : public Pattern {
 public:
  explicit Sinks(int64_t count) : count_(count) {}

  bool sees(Position, Position key) const override { return key.value < count_; }

  Coverage cover(PositionRange, PositionRange keys) const override {
    if (keys.end.value <= count_) return Coverage::full;
    return keys.begin.value < count_ ? Coverage::partial : Coverage::empty;
  }

  bool texture(PositionRange, PositionRange keys, std::vector<int64_t>& numbers) const override {
    numbers.push_back(keys.begin.value);
    return true;
  }

  std::string spec() const override { return "sinks(count=" + std::to_string(count_) + ")"; }

 private:
  int64_t count_;  // tokens
};

const std::array<ParameterInfo, 1> kParameters = {{
    {.name = "count",
     .help = "how many of the text's first keys every query sees",
     .fallback = int64_t{4},
     .minimum = 0},
}};

constexpr std::string_view kExamples[] = {"sinks", "sinks(count=1)", "sinks(count=63)",
                                          "sinks(count=64)", "sinks(count=65)"};

Result<PatternPtr> make(const Parameters& parameters, const Placement&) {
  return PatternPtr(std::make_shared<Sinks>(parameters.integer("count")));
}

}  // namespace

extern const PatternPlugin sinks;
const PatternPlugin sinks = {
    .name = "sinks",
    .summary = "the first `count` keys of the text",
    .paper = "Xiao et al. 2023, StreamingLLM, arXiv:2309.17453",
    .parameters = kParameters,
    .examples = kExamples,
    .make = make,
};

}  // namespace fathom::patterns
