// hierarchical(window=W, levels=L, fan=F): a query sees its newest W tokens or a few more one by
// one, and all before them as means: about W means of F tokens, before those about W of F^2, and so
// on; the last of the L levels, tokens being the first, has all the rest. segments.h has the
// bounds.
//
// A mean key stands for the keys of its tokens and a mean value for their values; it counts for as
// many tokens, the logarithm of their number being added to its score. So every token of the past
// counts once, and a segment whose keys are equal loses nothing.
//
// Coarser with distance, as Zhu and Soricut 2021, "H-Transformer-1D: Fast One-Dimensional
// Hierarchical Attention for Sequences" (arXiv:2107.11906), who coarsen queries too.
//
// What is scored is not pairs of tokens, so that it stands alone: joined with another pattern by |
// or & it has no meaning.
#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "fathom/attention/key_index.h"
#include "fathom/attention/pattern.h"
#include "fathom/attention/segment_means.h"
#include "fathom/attention/segments.h"
#include "fathom/base/parameter_parser.h"

namespace fathom::patterns {
namespace {

using SegmentsPtr = std::shared_ptr<const Segments>;

// A bit for each key before `end`. Keys rise.
uint64_t keys_before(Position end, std::span<const Position> keys) {
  const auto count = std::ranges::lower_bound(keys, end) - keys.begin();
  return count >= 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1;
}

// Of each query, the part of its past that one level stands for, and the first tokens of the text.
class Part final : public Pattern {
 public:
  Part(SegmentsPtr segments, size_t level, int64_t first)
      : segments_(std::move(segments)), level_(level), first_(first) {}

  bool sees(Position query, Position key) const override {
    return shows(segments_->part(level_, query), key);
  }

  // Parts only move on from one query to the next.
  Coverage cover(PositionRange queries, PositionRange keys) const override {
    if (keys.end.value <= first_) return Coverage::full;
    const PositionRange first = segments_->part(level_, queries.begin);
    const PositionRange last = segments_->part(level_, {queries.end.value - 1});
    if (keys.end <= first.begin || last.end <= keys.begin)
      return keys.begin.value < first_ ? Coverage::partial : Coverage::empty;
    return last.begin <= keys.begin && keys.end <= first.end ? Coverage::full : Coverage::partial;
  }

  // Keys rise, and so a part shows a stretch of them, besides the first tokens.
  void mask(std::span<const Position> queries, std::span<const Position> keys,
            std::span<uint64_t> rows) const override {
    const uint64_t first = keys_before({first_}, keys);
    for (size_t i = 0; i < queries.size(); ++i) {
      const PositionRange part = segments_->part(level_, queries[i]);
      rows[i] = first | (keys_before(part.end, keys) & ~keys_before(part.begin, keys));
    }
  }

  std::string spec() const override {
    return "level " + std::to_string(level_) + " of hierarchical";
  }

 private:
  bool shows(PositionRange part, Position key) const {
    return key.value < first_ || (part.begin <= key && key < part.end);
  }

  SegmentsPtr segments_;
  size_t level_;
  int64_t first_;
};

// One level's complete segments in one lane, each at the position where it begins.
class SegmentOrder final : public KeyOrder {
 public:
  SegmentOrder(SegmentsPtr segments, size_t level)
      : segments_(std::move(segments)), level_(level) {}

  int64_t lanes() const override { return 1; }
  std::optional<Place> place(Position key) const override {
    const int64_t index = index_of(key);
    if (index == complete() || begins()[static_cast<size_t>(index)] != key.value) return {};
    return Place{.lane = 0, .index = index};
  }
  Position key_at(Place place) const override {
    return {begins()[static_cast<size_t>(place.index)]};
  }
  int64_t count(int64_t, Position end) const override { return index_of(end); }
  int64_t lane_of(Position) const override { return 0; }
  Range window(Position query, int64_t count) const override {
    const PositionRange part = segments_->part(level_, query);
    return {index_of(part.begin), std::min(index_of(part.end), count)};
  }
  std::string name() const override { return "segments of level " + std::to_string(level_); }

 private:
  std::span<const int64_t> begins() const { return segments_->begins(level_); }
  int64_t complete() const { return static_cast<int64_t>(begins().size()) - 1; }
  // The first complete segment that begins at `position` or after.
  int64_t index_of(Position position) const {
    const auto at = std::ranges::lower_bound(begins(), position.value);
    return std::min<int64_t>(at - begins().begin(), complete());
  }

  SegmentsPtr segments_;
  size_t level_;
};

// What queries see: for each level its part, in the order of its segments.
class Levels final : public Pattern {
 public:
  Levels(std::vector<Term> terms, std::string spec)
      : terms_(std::move(terms)), spec_(std::move(spec)) {}
  bool sees(Position, Position) const override { return true; }
  Coverage cover(PositionRange, PositionRange) const override { return Coverage::full; }
  std::vector<Term> terms(int64_t) const override { return terms_; }
  std::string spec() const override { return spec_; }

 private:
  std::vector<Term> terms_;
  std::string spec_;
};

class HierarchicalIndex final : public KeyIndex {
 public:
  // `structure`: whether segments end where the text's own parts do.
  HierarchicalIndex(const Segments::Shape& segments, bool structure, std::string spec,
                    const AttentionShape& shape)
      : first_(segments.first),
        structure_(structure),
        segments_(std::make_shared<Segments>(segments, shape.context)) {
    for (size_t level = 1; level <= segments_->top(); ++level)
      means_.push_back(std::make_unique<SegmentMeans>(shape));
    std::vector<Term> terms;
    for (size_t level = 0; level <= segments_->top(); ++level) {
      const auto part = std::make_shared<Part>(segments_, level, level == 0 ? first_ : 0);
      terms.push_back({.order = nullptr, .whole = part, .within = part});
      if (level == 0) continue;
      terms.back().order = std::make_shared<SegmentOrder>(segments_, level);
      terms.back().copy = &means_[level - 1]->copied();
    }
    chosen_ = std::make_shared<Levels>(std::move(terms), std::move(spec));
  }

  void mark_ends(std::span<const TextEnd> ends) override {
    if (structure_) ends_.assign(ends.begin(), ends.end());
  }

  void append(const Compute& compute, ConstMatrix<float> keys, ConstMatrix<float> values) override {
    assert(ends_.empty() || ends_.size() == keys.rows);
    for (size_t i = 0; i < keys.rows; ++i) {
      if (tokens_++ >= first_ && !means_.empty()) means_.front()->add(keys.row(i), values.row(i));
      const size_t top = segments_->append(ends_.empty() ? std::nullopt : std::optional(ends_[i]));
      for (size_t level = 1; level <= top; ++level) end_segment(level);
    }
    for (const auto& means : means_) means->write(*compute.pool);
    ends_.clear();
  }

  PatternPtr choose(const AttentionCall&, size_t) const override { return chosen_; }

  size_t bytes() const override {
    size_t bytes = 0;
    for (size_t level = 1; level <= means_.size(); ++level)
      bytes += means_[level - 1]->copied().bytes() + segments_->begins(level).size_bytes();
    return bytes;
  }

 private:
  void end_segment(size_t level) {
    const std::span<const int64_t> begins = segments_->begins(level);
    const int64_t tokens = begins.back() - begins[begins.size() - 2];
    means_[level - 1]->end_segment(tokens, level < means_.size() ? means_[level].get() : nullptr);
  }

  int64_t first_;
  bool structure_;
  int64_t tokens_ = 0;
  std::shared_ptr<Segments> segments_;
  std::vector<std::unique_ptr<SegmentMeans>> means_;  // of levels from 1 on
  std::vector<TextEnd> ends_;                         // of the next append(); empty: not known
  PatternPtr chosen_;
};

const std::array<ParameterInfo, 5> kParameters = {{
    {.name = "window",
     .help = "how many of the newest tokens a query sees one by one, at least, and about how many "
             "means of each further level but the last",
     .fallback = int64_t{256},
     .minimum = 1},
    {.name = "levels",
     .help = "how many levels there are, single tokens being the first",
     .fallback = int64_t{3},
     .minimum = 2},
    {.name = "fan",
     .help = "how many times as many tokens a mean of the next level is of",
     .fallback = int64_t{8},
     .minimum = 2},
    {.name = "first",
     .help = "how many of the text's first tokens a query sees one by one, too",
     .fallback = int64_t{4}},
    {.name = "structure",
     .help =
         "1: segments end with sentences, paragraphs and sections, about as long; 0: all are of "
         "one length",
     .fallback = int64_t{1}},
}};

class Hierarchical final : public Pattern {
 public:
  explicit Hierarchical(Parameters parameters) : parameters_(std::move(parameters)) {}

  bool sees(Position, Position) const override { return true; }
  Coverage cover(PositionRange, PositionRange) const override { return Coverage::partial; }
  std::unique_ptr<KeyIndex> index(const AttentionShape& shape) const override {
    const Segments::Shape segments{.window = parameters_.integer("window"),
                                   .levels = parameters_.integer("levels"),
                                   .fan = parameters_.integer("fan"),
                                   .first = parameters_.integer("first")};
    return std::make_unique<HierarchicalIndex>(segments, parameters_.integer("structure") == 1,
                                               spec(), shape);
  }
  std::string spec() const override { return "hierarchical" + to_text(parameters_, kParameters); }

 private:
  Parameters parameters_;
};

constexpr std::string_view kExamples[] = {
    "hierarchical",
    "hierarchical(window=16, levels=2, fan=4)",
    "hierarchical(window=1, levels=5, fan=2, first=0)",
    "hierarchical(window=20, levels=3, fan=3, first=70, structure=0)",
    "hierarchical(window=64, levels=9223372036854775807, fan=64, first=1)",
    "hierarchical(window=9223372036854775807, fan=9223372036854775807, first=9223372036854775807)"};

Result<PatternPtr> make(const Parameters& parameters, const Placement&) {
  if (parameters.integer("structure") > 1) return Error{"structure must be 0 or 1"};
  return PatternPtr(std::make_shared<Hierarchical>(parameters));
}

}  // namespace

extern const PatternPlugin hierarchical;
const PatternPlugin hierarchical = {
    .name = "hierarchical",
    .summary =
        "the newest tokens and the first, and all between as mean keys and values, of more "
        "tokens the farther away; not to be joined with others",
    .paper = "Zhu and Soricut 2021, H-Transformer-1D, arXiv:2107.11906",
    .parameters = kParameters,
    .examples = kExamples,
    .make = make,
    .stands_alone = true,
};

}  // namespace fathom::patterns
