// One level's segments of a text (segments.h), each as one key and one value: the means of its
// tokens', that count for as many tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "fathom/attention/key_index.h"
#include "fathom/attention/lane_cache.h"

namespace fathom {

class SegmentMeans {
 public:
  explicit SegmentMeans(const AttentionShape& shape);

  // Adds keys and values, or sums of some, to the open segment: [kv_heads * head_dim] each.
  void add(const float* keys, const float* values);
  // Ends the open segment, of `tokens` tokens. Its sums are added to the level above, if any.
  void end_segment(int64_t tokens, SegmentMeans* above);
  // Copies the segments that ended since the last time. Throws std::bad_alloc.
  void write(ThreadPool& pool);

  // The segments that have ended and been copied, in one lane.
  const LaneCache& copied() const { return copied_; }

 private:
  size_t cols_;
  std::vector<float> key_sum_, value_sum_;  // of the open segment
  LaneCache copied_;
  int64_t ended_ = 0;
  // Ended, but not copied yet.
  std::vector<std::optional<KeyOrder::Place>> places_;
  std::vector<float> keys_, values_, biases_;
};

}  // namespace fathom
