// full: every query sees every key.
//
// Dense attention, Vaswani et al. 2017, "Attention Is All You Need", section 3.2
// (arXiv:1706.03762).
#include "fathom/attention/pattern.h"

namespace fathom::patterns {
namespace {

class Full final : public Pattern {
 public:
  bool sees(Position, Position) const override { return true; }
  Coverage cover(PositionRange, PositionRange) const override { return Coverage::full; }
  std::string spec() const override { return "full"; }
};

constexpr std::string_view kExamples[] = {"full"};

Result<PatternPtr> make(const Parameters&, const Placement&) {
  return PatternPtr(std::make_shared<Full>());
}

}  // namespace

extern const PatternPlugin full;
const PatternPlugin full = {
    .name = "full",
    .summary = "every key",
    .paper = "Vaswani et al. 2017, Attention Is All You Need, arXiv:1706.03762",
    .parameters = {},
    .examples = kExamples,
    .make = make,
};

}  // namespace fathom::patterns
