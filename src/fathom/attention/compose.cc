#include "fathom/attention/compose.h"

#include <algorithm>
#include <array>
#include <utility>

#include "fathom/attention/key_index.h"
#include "fathom/attention/spec.h"

namespace fathom {
namespace {

// More orders than these cost more, in memory and planning, than they save: all is then planned
// over the cache.
constexpr size_t kMostTerms = 16;

// The indices of both sides, and the same join of what they choose.
class PairIndex final : public KeyIndex {
 public:
  using Join = PatternPtr (*)(PatternPtr, PatternPtr);
  PairIndex(Join join, std::array<PatternPtr, 2> sides,
            std::array<std::unique_ptr<KeyIndex>, 2> indices)
      : join_(join), sides_(std::move(sides)), indices_(std::move(indices)) {}

  void mark_ends(std::span<const TextEnd> ends) override {
    for (const auto& index : indices_)
      if (index != nullptr) index->mark_ends(ends);
  }
  void append(const Compute& compute, ConstMatrix<float> keys, ConstMatrix<float> values) override {
    for (const auto& index : indices_)
      if (index != nullptr) index->append(compute, keys, values);
  }
  void prepare(const AttentionCall& call) override {
    for (const auto& index : indices_)
      if (index != nullptr) index->prepare(call);
  }
  PatternPtr choose(const AttentionCall& call, size_t head) const override {
    return join_(chosen(0, call, head), chosen(1, call, head));
  }
  size_t bytes() const override {
    size_t bytes = 0;
    for (const auto& index : indices_) bytes += index == nullptr ? 0 : index->bytes();
    return bytes;
  }

 private:
  PatternPtr chosen(size_t side, const AttentionCall& call, size_t head) const {
    return indices_[side] == nullptr ? sides_[side] : indices_[side]->choose(call, head);
  }

  Join join_;
  std::array<PatternPtr, 2> sides_;
  std::array<std::unique_ptr<KeyIndex>, 2> indices_;  // null: content does not matter
};

class Pair : public Pattern {
 public:
  Pair(PatternPtr a, PatternPtr b) : a_(std::move(a)), b_(std::move(b)) {}

  // Of a side that is not partial its coverage says all.
  bool texture(PositionRange queries, PositionRange keys,
               std::vector<int64_t>& numbers) const override {
    for (const PatternPtr& side : {a_, b_}) {
      const Coverage coverage = side->cover(queries, keys);
      numbers.push_back(static_cast<int64_t>(coverage));
      if (coverage == Coverage::partial && !side->texture(queries, keys, numbers)) return false;
    }
    return true;
  }

 protected:
  std::unique_ptr<KeyIndex> join_indices(const AttentionShape& shape, PairIndex::Join join) const {
    std::array indices = {a_->index(shape), b_->index(shape)};
    if (indices[0] == nullptr && indices[1] == nullptr) return nullptr;
    return std::make_unique<PairIndex>(join, std::array{a_, b_}, std::move(indices));
  }
  // Both sides' masks, joined bit by bit.
  template <class Bits>
  void join_masks(std::span<const Position> queries, std::span<const Position> keys,
                  std::span<uint64_t> rows, const Bits& bits) const {
    std::array<uint64_t, 64> other;
    mask_of(*a_, queries, keys, rows);
    mask_of(*b_, queries, keys, std::span(other).first(queries.size()));
    for (size_t i = 0; i < queries.size(); ++i) rows[i] = bits(rows[i], other[i]);
  }

  const PatternPtr a_;
  const PatternPtr b_;

 private:
  // Only a side that is partial need be asked of each pair.
  static void mask_of(const Pattern& side, std::span<const Position> queries,
                      std::span<const Position> keys, std::span<uint64_t> rows) {
    if (queries.empty() || keys.empty()) return side.mask(queries, keys, rows);
    const Coverage coverage = side.cover(hull(queries), hull(keys));
    if (coverage == Coverage::partial) return side.mask(queries, keys, rows);
    const uint64_t all = ~uint64_t{0} >> (64 - keys.size());
    std::ranges::fill(rows, coverage == Coverage::full ? all : 0);
  }
  static PositionRange hull(std::span<const Position> positions) {
    return {positions.front(), {positions.back().value + 1}};
  }
};

// empty < partial < full: the greater bound holds for the union, the lesser for the intersection.
class Union final : public Pair {
 public:
  using Pair::Pair;
  bool sees(Position query, Position key) const override {
    return a_->sees(query, key) || b_->sees(query, key);
  }
  Coverage cover(PositionRange queries, PositionRange keys) const override {
    const Coverage of_a = a_->cover(queries, keys);
    return of_a == Coverage::full ? of_a : std::max(of_a, b_->cover(queries, keys));
  }
  void mask(std::span<const Position> queries, std::span<const Position> keys,
            std::span<uint64_t> rows) const override {
    join_masks(queries, keys, rows, [](uint64_t a, uint64_t b) { return a | b; });
  }
  std::vector<Term> terms(int64_t context) const override {
    std::vector<Term> all = terms_of(a_, context);
    for (Term& term : terms_of(b_, context)) all.push_back(std::move(term));
    const auto orders =
        std::ranges::count_if(all, [](const Term& term) { return term.order != nullptr; });
    return orders > 0 && static_cast<size_t>(orders) <= kMostTerms ? all : std::vector<Term>();
  }
  std::unique_ptr<KeyIndex> index(const AttentionShape& shape) const override {
    return join_indices(shape, &unite);
  }
  // In parentheses, since '&' binds tighter than '|'.
  std::string spec() const override { return "(" + a_->spec() + " | " + b_->spec() + ")"; }
};

class Intersection final : public Pair {
 public:
  using Pair::Pair;
  bool sees(Position query, Position key) const override {
    return a_->sees(query, key) && b_->sees(query, key);
  }
  Coverage cover(PositionRange queries, PositionRange keys) const override {
    const Coverage of_a = a_->cover(queries, keys);
    return of_a == Coverage::empty ? of_a : std::min(of_a, b_->cover(queries, keys));
  }
  void mask(std::span<const Position> queries, std::span<const Position> keys,
            std::span<uint64_t> rows) const override {
    join_masks(queries, keys, rows, [](uint64_t a, uint64_t b) { return a & b; });
  }
  // Those of one side within the other: in an order of either.
  std::vector<Term> terms(int64_t context) const override {
    const std::vector<Term> of_a = terms_of(a_, context);
    const std::vector<Term> of_b = terms_of(b_, context);
    if (of_a.size() * of_b.size() > kMostTerms) return {};
    std::vector<Term> all;
    bool packed = false;
    for (const Term& a : of_a) {
      for (const Term& b : of_b) {
        const Term& ordered = a.order != nullptr ? a : b;
        const Term& other = a.order != nullptr ? b : a;
        packed |= ordered.order != nullptr;
        all.push_back({.order = ordered.order,
                       .whole = intersect(a.whole, b.whole),
                       .within = intersect(ordered.within, other.whole),
                       .copy = ordered.copy});
      }
    }
    return packed ? all : std::vector<Term>();
  }
  std::unique_ptr<KeyIndex> index(const AttentionShape& shape) const override {
    return join_indices(shape, &intersect);
  }
  std::string spec() const override { return a_->spec() + " & " + b_->spec(); }
};

class Difference final : public Pair {
 public:
  using Pair::Pair;
  bool sees(Position query, Position key) const override {
    return a_->sees(query, key) && !b_->sees(query, key);
  }
  Coverage cover(PositionRange queries, PositionRange keys) const override {
    const Coverage of_a = a_->cover(queries, keys);
    if (of_a == Coverage::empty) return of_a;
    const Coverage of_b = b_->cover(queries, keys);
    if (of_b == Coverage::full) return Coverage::empty;
    return of_b == Coverage::empty ? of_a : Coverage::partial;
  }
  void mask(std::span<const Position> queries, std::span<const Position> keys,
            std::span<uint64_t> rows) const override {
    join_masks(queries, keys, rows, [](uint64_t a, uint64_t b) { return a & ~b; });
  }
  std::string spec() const override { return "(" + a_->spec() + " without " + b_->spec() + ")"; }
};

}  // namespace

PatternPtr everything() {
  static const PatternPtr all = *parse_pattern("full");
  return all;
}

PatternPtr unite(PatternPtr a, PatternPtr b) {
  return std::make_shared<Union>(std::move(a), std::move(b));
}

PatternPtr intersect(PatternPtr a, PatternPtr b) {
  return std::make_shared<Intersection>(std::move(a), std::move(b));
}

PatternPtr subtract(PatternPtr a, PatternPtr b) {
  return std::make_shared<Difference>(std::move(a), std::move(b));
}

std::vector<Term> terms_of(const PatternPtr& pattern, int64_t context) {
  std::vector<Term> terms = pattern->terms(context);
  if (terms.empty()) terms.push_back({.order = nullptr, .whole = pattern, .within = pattern});
  return terms;
}

}  // namespace fathom
