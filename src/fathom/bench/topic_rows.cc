#include "fathom/bench/topic_rows.h"

#include <cmath>

#include "fathom/attention/hash_words.h"
#include "fathom/bench/synthetic_kv.h"

namespace fathom {
namespace {

constexpr int64_t kSpan = 200;  // tokens, no multiple of a block
constexpr uint64_t kTopics = 24;
constexpr int64_t kSinks = 4;
constexpr size_t kNoiseRows = 1021;
// Nats by which a key of the query's topic, and a sink, stand out among others.
constexpr float kTopicScore = 6;
constexpr float kSinkScore = 9;
constexpr float kNoise = 0.6F;

uint64_t topic_of(int64_t token) { return mix(7, static_cast<uint64_t>(token / kSpan)) % kTopics; }

}  // namespace

TopicRows::TopicRows(Kind kind, size_t heads, size_t head_dim)
    : kind_(kind),
      heads_(heads),
      head_dim_(head_dim),
      noise_(random_normal(kNoiseRows * heads * head_dim, 11 + static_cast<uint32_t>(kind))),
      topics_(random_normal((kTopics + 1) * head_dim, 5)) {
  const auto dim = static_cast<float>(head_dim);
  for (size_t topic = 0; topic <= kTopics; ++topic) {
    // A product of two rows is divided by sqrt(dim) in attention.
    const float score = topic == kTopics ? kSinkScore : kTopicScore;
    float norm = 0;
    for (size_t d = 0; d < head_dim; ++d)
      norm += topics_[topic * head_dim + d] * topics_[topic * head_dim + d];
    for (size_t d = 0; d < head_dim; ++d)
      topics_[topic * head_dim + d] *= std::sqrt(score * std::sqrt(dim) / norm);
  }
}

ConstMatrix<float> TopicRows::rows(int64_t begin, size_t count) {
  const size_t width = heads_ * head_dim_;
  rows_.resize(count * width);
  for (size_t i = 0; i < count; ++i)
    fill(begin + static_cast<int64_t>(i), rows_.data() + i * width);
  return {rows_.data(), count, width};
}

void TopicRows::fill(int64_t token, float* row) const {
  const size_t width = heads_ * head_dim_;
  const float* const noise = noise_.data() + static_cast<size_t>(token) % kNoiseRows * width;
  const float* const topic = topics_.data() + topic_of(token) * head_dim_;
  const float* const sink = topics_.data() + kTopics * head_dim_;
  for (size_t i = 0; i < width; ++i) {
    const size_t d = i % head_dim_;
    if (kind_ == Kind::values) {
      row[i] = noise[i];
    } else if (kind_ == Kind::queries) {
      row[i] = kNoise * noise[i] + topic[d] + sink[d];
    } else {
      row[i] = kNoise * noise[i] + (token < kSinks ? sink[d] : topic[d]);
    }
  }
}

}  // namespace fathom
