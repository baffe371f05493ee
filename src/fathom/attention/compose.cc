#include "fathom/attention/compose.h"

#include <algorithm>
#include <utility>

namespace fathom {
namespace {

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
  const PatternPtr a_;
  const PatternPtr b_;
};

// empty < partial < full: the greater bound holds for the union, the lesser for the intersection.
class Union final : public Pair {
 public:
  using Pair::Pair;
  bool sees(Position query, Position key) const override {
    return a_->sees(query, key) || b_->sees(query, key);
  }
  Coverage cover(PositionRange queries, PositionRange keys) const override {
    return std::max(a_->cover(queries, keys), b_->cover(queries, keys));
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
    return std::min(a_->cover(queries, keys), b_->cover(queries, keys));
  }
  std::string spec() const override { return a_->spec() + " & " + b_->spec(); }
};

}  // namespace

PatternPtr unite(PatternPtr a, PatternPtr b) {
  return std::make_shared<Union>(std::move(a), std::move(b));
}

PatternPtr intersect(PatternPtr a, PatternPtr b) {
  return std::make_shared<Intersection>(std::move(a), std::move(b));
}

}  // namespace fathom
