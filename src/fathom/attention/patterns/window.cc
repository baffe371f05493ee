// window(size=W): a query sees the W nearest keys of its past, itself included: q - k < W.
//
// Sliding-window attention as Mistral and Gemma 3 use it: Beltagy et al. 2020, "Longformer",
// section 3.1 (arXiv:2004.05150); Jiang et al. 2023, "Mistral 7B", section 2 (arXiv:2310.06825).
// Without causality the window reaches as far ahead as back: |q - k| < W.
#include <array>

#include "fathom/attention/distances.h"
#include "fathom/attention/pattern.h"

namespace fathom::patterns {
namespace {

class Window final : public Pattern {
 public:
  explicit Window(int64_t size) : size_(size) {}

  bool sees(Position query, Position key) const override {
    const int64_t distance = query.value - key.value;
    return -size_ < distance && distance < size_;
  }

  Coverage cover(PositionRange queries, PositionRange keys) const override {
    const Distances distances(queries, keys);
    if (distances.least >= size_ || distances.most <= -size_) return Coverage::empty;
    if (distances.most < size_ && distances.least > -size_) return Coverage::full;
    return Coverage::partial;
  }

  bool texture(PositionRange queries, PositionRange keys,
               std::vector<int64_t>& numbers) const override {
    numbers.push_back(Distances(queries, keys).corner);
    return true;
  }

  std::string spec() const override { return "window(size=" + std::to_string(size_) + ")"; }

 private:
  int64_t size_;  // tokens, at least 1
};

const std::array<ParameterInfo, 1> kParameters = {{
    {.name = "size",
     .help = "how many tokens back a query sees, itself included",
     .fallback = int64_t{0},
     .required = true,
     .minimum = 1},
}};

constexpr std::string_view kExamples[] = {
    "window(size=1)",
    "window(size=2)",
    "window(size=63)",
    "window(size=64)",
    "window(size=65)",
    "window(size=200)",
    "window(size=9223372036854775807)",
};

Result<PatternPtr> make(const Parameters& parameters, const Placement&) {
  return PatternPtr(std::make_shared<Window>(parameters.integer("size")));
}

}  // namespace

extern const PatternPlugin window;
const PatternPlugin window = {
    .name = "window",
    .summary = "the newest `size` keys, itself included",
    .paper = "Beltagy et al. 2020, Longformer, arXiv:2004.05150",
    .parameters = kParameters,
    .examples = kExamples,
    .make = make,
    .typical = "window(size=1024)",
};

}  // namespace fathom::patterns
