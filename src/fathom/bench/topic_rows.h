// Random queries, keys and values that attend as text does: to what is about the same.
//
// The text is cut into spans, and each is about one of a few topics. Queries and keys are noise
// plus their topic's direction, so that a query's weights lie on the spans of its topic, near and
// far; the first keys have a direction that all queries share, and take a weight of their own, as
// sinks do. Values are noise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fathom/base/matrix.h"

namespace fathom {

class TopicRows {
 public:
  // Rows of `count` heads of `head_dim`.
  enum class Kind : uint8_t { queries, keys, values };
  TopicRows(Kind kind, size_t heads, size_t head_dim);

  // Of tokens [begin, begin + count), [count, heads * head_dim]; valid until the next call.
  ConstMatrix<float> rows(int64_t begin, size_t count);

 private:
  void fill(int64_t token, float* row) const;

  Kind kind_;
  size_t heads_, head_dim_;
  std::vector<float> noise_;   // [kNoiseRows, heads * head_dim]
  std::vector<float> topics_;  // [kTopics + 1, head_dim], the last of the sinks
  std::vector<float> rows_;
};

}  // namespace fathom
