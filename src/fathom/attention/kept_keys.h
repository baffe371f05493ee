// The order of keys in a cache that has dropped some: one lane, in which those kept lie side by
// side.
#pragma once

#include <algorithm>
#include <cassert>
#include <span>
#include <string>

#include "fathom/attention/key_order.h"

namespace fathom {

class KeptKeys final : public KeyOrder {
 public:
  // By slot, ascending; must outlive this.
  explicit KeptKeys(std::span<const Position> positions) : positions_(positions) {}

  int64_t lanes() const override { return 1; }
  std::optional<Place> place(Position key) const override {
    const auto at = std::ranges::lower_bound(positions_, key);
    if (at == positions_.end() || *at != key) return std::nullopt;
    return Place{.lane = 0, .index = at - positions_.begin()};
  }
  Position key_at(Place place) const override {
    return positions_[static_cast<size_t>(place.index)];
  }
  int64_t count(int64_t, Position end) const override {
    return std::ranges::lower_bound(positions_, end) - positions_.begin();
  }
  int64_t lane_of(Position) const override { return 0; }
  std::string name() const override { return "kept"; }

 private:
  std::span<const Position> positions_;
};

}  // namespace fathom
