// groups(size=G, shift=S): the text is cut into groups of G tokens, the first of which is S tokens
// short; a query sees its own group: floor((q + S) / G) = floor((k + S) / G).
//
// The groups of shifted sparse attention: Chen et al. 2023, "LongLoRA: Efficient Fine-tuning of
// Long-Context Large Language Models", section 3.2 (arXiv:2309.12307). There the shift goes round
// the end of the text, which a text that grows does not have.
#include <array>

#include "fathom/attention/pattern.h"

namespace fathom::patterns {
namespace {

class Groups final : public Pattern {
 public:
  Groups(int64_t size, int64_t shift) : size_(size), shift_(shift) {}

  bool sees(Position query, Position key) const override { return group(query) == group(key); }

  Coverage cover(PositionRange queries, PositionRange keys) const override {
    const int64_t first_query = group(queries.begin);
    const int64_t last_query = group({queries.end.value - 1});
    const int64_t first_key = group(keys.begin);
    const int64_t last_key = group({keys.end.value - 1});
    if (last_query < first_key || last_key < first_query) return Coverage::empty;
    return first_query == last_query && first_key == last_key ? Coverage::full : Coverage::partial;
  }

  // How far into their groups queries and keys begin, and how many groups lie between.
  bool texture(PositionRange queries, PositionRange keys,
               std::vector<int64_t>& numbers) const override {
    numbers.push_back(queries.begin.value % size_);
    numbers.push_back(keys.begin.value % size_);
    numbers.push_back(group(queries.begin) - group(keys.begin));
    return true;
  }

  std::string spec() const override {
    return "groups(size=" + std::to_string(size_) + ", shift=" + std::to_string(shift_) + ")";
  }

 private:
  // floor((p + shift) / size), without the sum.
  int64_t group(Position p) const {
    return p.value / size_ + (p.value % size_ >= size_ - shift_ ? 1 : 0);
  }

  int64_t size_;   // tokens, at least 1
  int64_t shift_;  // tokens, less than size_
};

const std::array<ParameterInfo, 2> kParameters = {{
    {.name = "size", .help = "tokens a group", .fallback = int64_t{1024}, .minimum = 1},
    {.name = "shift",
     .help = "how many tokens short the first group is, fewer than `size`",
     .fallback = int64_t{0}},
}};

constexpr std::string_view kExamples[] = {"groups",
                                          "groups(size=1)",
                                          "groups(size=5, shift=2)",
                                          "groups(size=63, shift=62)",
                                          "groups(size=64)",
                                          "groups(size=64, shift=32)",
                                          "groups(size=65, shift=1)",
                                          "groups(size=9223372036854775807, shift=5)"};

Result<PatternPtr> make(const Parameters& parameters, const Placement&) {
  const int64_t size = parameters.integer("size");
  const int64_t shift = parameters.integer("shift");
  if (shift >= size)
    return Error{"shift must be less than size, " + std::to_string(size) + " tokens"};
  return PatternPtr(std::make_shared<Groups>(size, shift));
}

}  // namespace

extern const PatternPlugin groups;
const PatternPlugin groups = {
    .name = "groups",
    .summary = "its own group of `size` keys",
    .paper = "Chen et al. 2023, LongLoRA, arXiv:2309.12307",
    .parameters = kParameters,
    .examples = kExamples,
    .make = make,
};

}  // namespace fathom::patterns
