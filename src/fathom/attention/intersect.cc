#include <algorithm>
#include <utility>

#include "fathom/attention/spec.h"

namespace fathom {
namespace {

class Intersection final : public Pattern {
 public:
  Intersection(PatternPtr a, PatternPtr b) : a_(std::move(a)), b_(std::move(b)) {}

  bool sees(Position query, Position key) const override {
    return a_->sees(query, key) && b_->sees(query, key);
  }
  // empty < partial < full: the lesser bound holds for both together.
  Coverage cover(PositionRange queries, PositionRange keys) const override {
    return std::min(a_->cover(queries, keys), b_->cover(queries, keys));
  }
  std::string spec() const override { return a_->spec() + " & " + b_->spec(); }

 private:
  PatternPtr a_;
  PatternPtr b_;
};

}  // namespace

PatternPtr intersect(PatternPtr a, PatternPtr b) {
  return std::make_shared<Intersection>(std::move(a), std::move(b));
}

}  // namespace fathom
