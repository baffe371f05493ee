#include "fathom/attention/segment_means.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace fathom {

SegmentMeans::SegmentMeans(const AttentionShape& shape)
    : cols_(shape.kv_heads * shape.head_dim),
      key_sum_(cols_),
      value_sum_(cols_),
      copied_(1, shape.kv_heads, shape.head_dim, shape.operand) {}

void SegmentMeans::add(const float* keys, const float* values) {
  for (size_t i = 0; i < cols_; ++i) key_sum_[i] += keys[i];
  for (size_t i = 0; i < cols_; ++i) value_sum_[i] += values[i];
}

void SegmentMeans::end_segment(int64_t tokens, SegmentMeans* above) {
  if (above != nullptr) above->add(key_sum_.data(), value_sum_.data());
  places_.push_back(KeyOrder::Place{.lane = 0, .index = ended_++});
  const auto count = static_cast<float>(tokens);
  biases_.push_back(std::log2(count));
  const auto mean = [&](float sum) { return sum / count; };
  std::ranges::transform(key_sum_, std::back_inserter(keys_), mean);
  std::ranges::transform(value_sum_, std::back_inserter(values_), mean);
  std::ranges::fill(key_sum_, 0.0f);
  std::ranges::fill(value_sum_, 0.0f);
}

void SegmentMeans::write(ThreadPool& pool) {
  if (places_.empty()) return;
  copied_.append(pool, places_, {keys_.data(), places_.size(), cols_},
                 {values_.data(), places_.size(), cols_}, biases_);
  places_.clear();
  keys_.clear();
  values_.clear();
  biases_.clear();
}

}  // namespace fathom
