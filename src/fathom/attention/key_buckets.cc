#include "fathom/attention/key_buckets.h"

#include <algorithm>
#include <cassert>

#include "fathom/kernels/block_plan.h"

namespace fathom {

void KeyBuckets::forget() {
  constexpr int64_t kBlockSize = kBlock;
  for (Lane& of : lanes_) {
    const int64_t newest = (of.end() - 1) / chunk_;
    const int64_t needed = std::max<int64_t>(0, newest - 1) * chunk_;
    const int64_t drop = needed / kBlockSize * kBlockSize - of.first;
    if (drop <= 0) continue;
    of.keys.erase(of.keys.begin(), of.keys.begin() + drop);
    of.first += drop;
  }
}

KeyOrder::Place KeyBuckets::append(uint32_t bucket) {
  Lane& of = lanes_[bucket];
  const KeyOrder::Place place{bucket, of.end()};
  of.keys.push_back({static_cast<int64_t>(codes_.size())});
  codes_.push_back(code_of(place));
  return place;
}

int64_t KeyBuckets::count(int64_t bucket, Position end) const {
  const Lane& of = lane(bucket);
  return of.first + (std::ranges::lower_bound(of.keys, end) - of.keys.begin());
}

Position KeyBuckets::key_at(KeyOrder::Place place) const {
  const Lane& of = lane(place.lane);
  assert(place.index >= of.first && place.index < of.end());
  return of.keys[static_cast<size_t>(place.index - of.first)];
}

}  // namespace fathom
