#include "fathom/kv/attention_sums.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "fathom/kernels/block_plan.h"

namespace fathom {
namespace {

size_t slots_before(std::span<const Position> held, Position end) {
  return static_cast<size_t>(std::ranges::lower_bound(held, end) - held.begin());
}

}  // namespace

void AttentionSums::follow(std::span<const Position> held, size_t committed) {
  const Position cut{static_cast<int64_t>(committed)};
  if (cut < end_) {
    slots_ = std::min(slots_, slots_before(held, cut));
    end_ = cut;
  }
  const size_t left = slots_before(held, end_);
  assert(left <= slots_);
  sums_.erase(sums_.begin(), sums_.begin() + static_cast<ptrdiff_t>(slots_ - left));
  slots_ = left;
  set_slots(held.size());
  if (!held.empty()) end_ = std::max(end_, {held.back().value + 1});
}

// Of those that are new nothing is known.
void AttentionSums::set_slots(size_t count) {
  sums_.resize(std::min(slots_, count));
  sums_.resize((count + kBlock - 1) / kBlock * kBlock);
  slots_ = count;
}

void AttentionSums::keep(std::span<const uint32_t> slots) {
  for (size_t i = 0; i < slots.size(); ++i) sums_[i] = sums_[slots[i]];
  set_slots(slots.size());
}

void AttentionSums::restore(std::vector<float> sums, std::span<const Position> held) {
  assert(sums.size() == held.size());
  sums_ = std::move(sums);
  slots_ = sums_.size();
  set_slots(slots_);
  end_ = held.empty() ? Position{} : Position{held.back().value + 1};
}

}  // namespace fathom
