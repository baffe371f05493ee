// What each token of one KV head got of softmax weights so far, in slot order.
//
// The cache knows which tokens a head holds; here is kept only where they end, so that following it
// costs no more the longer the text is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fathom/base/position.h"

namespace fathom {

class AttentionSums {
 public:
  // Makes the tokens at these positions the head's, new ones with nothing yet. To be called after
  // each change of the cache: tokens came, the oldest were dropped, or the text was cut at
  // `committed` (what queries gave that are gone stays). `held` may go on after the committed
  // tokens, by those that are being read.
  void follow(std::span<const Position> held, size_t committed);
  // Those at these slots stay.
  void keep(std::span<const uint32_t> slots);
  // sums[slot], of a head that holds these tokens.
  void restore(std::vector<float> sums, std::span<const Position> held);

  std::span<const float> sums() const { return std::span(sums_).first(slots_); }
  float* data() { return sums_.data(); }  // up to whole blocks
  size_t bytes() const { return sums_.capacity() * sizeof(float); }

 private:
  void set_slots(size_t count);

  size_t slots_ = 0;
  Position end_;             // of the text when it was last followed
  std::vector<float> sums_;  // up to whole blocks, zero beyond the slots
};

}  // namespace fathom
