// dilated(size=W, gap=G): a window of W keys, G tokens apart: q - k < W * G and (q - k) mod G = 0.
//
// Dilated sliding windows: Beltagy et al. 2020, "Longformer", section 3.1 (arXiv:2004.05150).
// Without causality the window reaches as far ahead as back: |q - k| < W * G.
#include <algorithm>
#include <array>
#include <limits>

#include "fathom/attention/compose.h"
#include "fathom/attention/distances.h"
#include "fathom/attention/key_orders.h"
#include "fathom/attention/multiples.h"
#include "fathom/attention/pattern.h"
#include "fathom/attention/spec.h"

namespace fathom::patterns {
namespace {

class Dilated final : public Pattern {
 public:
  Dilated(int64_t size, int64_t gap)
      : size_(size), gap_(gap), reach_(size - 1 > kFarthest / gap ? kFarthest : (size - 1) * gap) {}

  bool sees(Position query, Position key) const override {
    const int64_t distance = query.value - key.value;
    return -reach_ <= distance && distance <= reach_ && distance % gap_ == 0;
  }

  Coverage cover(PositionRange queries, PositionRange keys) const override {
    const Distances distances(queries, keys);
    const int64_t first = std::max(distances.least, -reach_);
    const int64_t last = std::min(distances.most, reach_);
    if (!has_multiple(first, last, gap_)) return Coverage::empty;
    return reaches(distances) && all_multiples(first, last, gap_) ? Coverage::full
                                                                  : Coverage::partial;
  }

  // Away from the window's ends one place of the comb looks like the next.
  bool texture(PositionRange queries, PositionRange keys,
               std::vector<int64_t>& numbers) const override {
    const Distances distances(queries, keys);
    const bool inside = reaches(distances);
    numbers.push_back(inside ? 1 : 0);
    numbers.push_back(inside ? residue(distances.corner, gap_) : distances.corner);
    return true;
  }

  // A window of its residue's lane.
  std::vector<Term> terms(int64_t context) const override {
    constexpr int64_t kFew = 4;  // keys: as many blocks of the cache are as soon scored
    if (gap_ == 1 || size_ <= kFew || !worth_lanes(gap_, context)) return {};
    return {{.order = residue_lanes(gap_),
             .whole = std::make_shared<Dilated>(*this),
             .within = reach_ == kFarthest
                           ? everything()
                           : *parse_pattern("window(size=" + std::to_string(reach_ + 1) + ")")}};
  }

  std::string spec() const override {
    return "dilated(size=" + std::to_string(size_) + ", gap=" + std::to_string(gap_) + ")";
  }

 private:
  static constexpr int64_t kFarthest = std::numeric_limits<int64_t>::max();

  bool reaches(const Distances& distances) const {
    return -reach_ <= distances.least && distances.most <= reach_;
  }

  int64_t size_;   // keys, at least 1
  int64_t gap_;    // tokens, at least 1
  int64_t reach_;  // tokens to the farthest key
};

const std::array<ParameterInfo, 2> kParameters = {{
    {.name = "size",
     .help = "how many keys a query sees, itself included",
     .fallback = int64_t{0},
     .required = true,
     .minimum = 1},
    {.name = "gap",
     .help = "tokens from one seen key to the next",
     .fallback = int64_t{0},
     .required = true,
     .minimum = 1},
}};

constexpr std::string_view kExamples[] = {"dilated(size=1, gap=1)",
                                          "dilated(size=3, gap=2)",
                                          "dilated(size=16, gap=4)",
                                          "dilated(size=63, gap=1)",
                                          "dilated(size=65, gap=3)",
                                          "dilated(size=2, gap=63)",
                                          "dilated(size=2, gap=64)",
                                          "dilated(size=3, gap=65)",
                                          "dilated(size=9223372036854775807, gap=3)"};

Result<PatternPtr> make(const Parameters& parameters, const Placement&) {
  return PatternPtr(
      std::make_shared<Dilated>(parameters.integer("size"), parameters.integer("gap")));
}

}  // namespace

extern const PatternPlugin dilated;
const PatternPlugin dilated = {
    .name = "dilated",
    .summary = "the newest `size` of the keys that are multiples of `gap` tokens away",
    .paper = "Beltagy et al. 2020, Longformer, arXiv:2004.05150",
    .parameters = kParameters,
    .examples = kExamples,
    .make = make,
    .typical = "dilated(size=1024, gap=8)",
};

}  // namespace fathom::patterns
