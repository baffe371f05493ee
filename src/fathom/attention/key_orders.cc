#include "fathom/attention/key_orders.h"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

#include "fathom/kernels/block_plan.h"

namespace fathom {
namespace {

constexpr int64_t kBlockSize = kBlock;

class ResidueLanes final : public KeyOrder {
 public:
  explicit ResidueLanes(int64_t period) : period_(period) {}

  int64_t lanes() const override { return period_; }
  std::optional<Place> place(Position key) const override {
    return Place{key.value % period_, key.value / period_};
  }
  Position key_at(Place place) const override { return {place.index * period_ + place.lane}; }
  int64_t count(int64_t lane, Position end) const override {
    return end.value > lane ? (end.value - lane - 1) / period_ + 1 : 0;
  }
  int64_t lane_of(Position query) const override { return query.value % period_; }
  std::string name() const override { return "residues of " + std::to_string(period_); }

 private:
  int64_t period_;  // tokens
};

class ResidueSubset final : public KeyOrder {
 public:
  ResidueSubset(int64_t period, int64_t first, int64_t count)
      : period_(period), first_(first), count_(count) {}

  int64_t lanes() const override { return 1; }
  std::optional<Place> place(Position key) const override {
    const int64_t at = key.value % period_ - first_;
    if (at < 0 || at >= count_) return std::nullopt;
    return Place{0, key.value / period_ * count_ + at};
  }
  Position key_at(Place place) const override {
    return {place.index / count_ * period_ + first_ + place.index % count_};
  }
  int64_t count(int64_t, Position end) const override {
    return end.value / period_ * count_ +
           std::clamp<int64_t>(end.value % period_ - first_, 0, count_);
  }
  int64_t lane_of(Position) const override { return 0; }
  std::string name() const override {
    return "residues " + std::to_string(first_) + " to " + std::to_string(first_ + count_ - 1) +
           " of " + std::to_string(period_);
  }

 private:
  int64_t period_;  // tokens
  int64_t first_, count_;
};

class ListedKeys final : public KeyOrder {
 public:
  explicit ListedKeys(std::vector<int64_t> at) : at_(std::move(at)) {}

  int64_t lanes() const override { return 1; }
  std::optional<Place> place(Position key) const override {
    const auto found = std::ranges::lower_bound(at_, key.value);
    if (found == at_.end() || *found != key.value) return std::nullopt;
    return Place{0, found - at_.begin()};
  }
  Position key_at(Place place) const override { return {at_[static_cast<size_t>(place.index)]}; }
  int64_t count(int64_t, Position end) const override {
    return std::ranges::lower_bound(at_, end.value) - at_.begin();
  }
  int64_t lane_of(Position) const override { return 0; }
  std::string name() const override {
    std::string text = "keys";
    for (const int64_t key : at_) text += " " + std::to_string(key);
    return text;
  }

 private:
  std::vector<int64_t> at_;
};

}  // namespace

KeyOrderPtr listed_keys(std::vector<int64_t> at) {
  assert(std::ranges::is_sorted(at));
  return std::make_shared<ListedKeys>(std::move(at));
}

bool worth_lanes(int64_t lanes, int64_t context) {
  return lanes <= std::max(kBlockSize, context / (2 * kBlockSize));
}

KeyOrderPtr residue_lanes(int64_t period) {
  assert(period >= 1);
  return std::make_shared<ResidueLanes>(period);
}

KeyOrderPtr residue_subset(int64_t period, int64_t first, int64_t count) {
  assert(first >= 0 && count >= 1 && first + count <= period);
  return std::make_shared<ResidueSubset>(period, first, count);
}

}  // namespace fathom
