#include "fathom/bench/attention_problem.h"

#include <algorithm>
#include <cmath>

namespace fathom {
namespace {

constexpr size_t kCheckedQueries = 6;

}  // namespace

AttentionProblem::AttentionProblem(const AttentionBench& bench, const KvFormat& format,
                                   size_t head_dim, size_t tokens, size_t depth, size_t copies)
    : pattern_(bench.pattern),
      head_dim_(head_dim),
      tokens_(tokens),
      depth_(depth),
      heads_(bench.heads),
      kv_heads_(bench.kv_heads),
      scale_(1 / std::sqrt(static_cast<float>(head_dim))),
      layer_({.heads = heads_,
              .kv_heads = kv_heads_,
              .head_dim = head_dim,
              .scale = scale_,
              .context = static_cast<int64_t>(depth + tokens),
              .operand = format.operand},
             std::vector<PatternPtr>(heads_, pattern_)),
      kv_(format, bench.kv_heads, head_dim, depth + tokens, copies),
      queries_(random_normal(tokens * bench.heads * head_dim, 3)),
      out_(queries_.size()) {}

void AttentionProblem::attend_once(const Compute& compute, size_t copy) {
  const size_t width = heads_ * head_dim_;
  const AttentionCall call{
      .compute = &compute,
      .queries = {queries_.data(), tokens_, width},
      .positions = {{static_cast<int64_t>(depth_)}, {static_cast<int64_t>(depth_ + tokens_)}},
      .cache = kv_.views(copy)};
  if (!appended_) append(compute);
  SharedPlans plans(static_cast<int64_t>(depth_ + tokens_));
  plans.begin(call.positions);
  const AttentionCount count =
      layer_.attend(call, layer_.plan(call, plans), std::nullopt, {out_.data(), tokens_, width});
  pairs_ = count.scored / heads_;
}

// Hands the layer the keys and values that the cache holds.
void AttentionProblem::append(const Compute& compute) {
  constexpr size_t kChunk = 512;
  const size_t width = kv_heads_ * head_dim_;
  std::vector<float> keys(kChunk * width), values(kChunk * width);
  for (size_t done = 0; done < depth_ + tokens_; done += kChunk) {
    const size_t count = std::min(kChunk, depth_ + tokens_ - done);
    for (size_t i = 0; i < count; ++i) {
      for (size_t h = 0; h < kv_heads_; ++h) {
        std::copy_n(kv_.key(h, done + i), head_dim_, &keys[i * width + h * head_dim_]);
        std::copy_n(kv_.value(h, done + i), head_dim_, &values[i * width + h * head_dim_]);
      }
    }
    layer_.append(compute, {keys.data(), count, width}, {values.data(), count, width});
  }
  appended_ = true;
}

double AttentionProblem::flops() const {
  return 4.0 * static_cast<double>(head_dim_) * static_cast<double>(heads_) *
         static_cast<double>(pairs_);
}

std::vector<double> AttentionProblem::in_double(size_t query, size_t head) const {
  const size_t kv_head = head / (heads_ / kv_heads_);
  const float* const q = queries_.data() + (query * heads_ + head) * head_dim_;
  const Position position{static_cast<int64_t>(depth_ + query)};
  double sum = 0;
  std::vector<double> out(head_dim_, 0.0);
  for (size_t token = 0; token <= depth_ + query; ++token) {
    if (!pattern_->sees(position, {static_cast<int64_t>(token)})) continue;
    const float* const key = kv_.key(kv_head, token);
    const float* const value = kv_.value(kv_head, token);
    double score = 0;
    for (size_t d = 0; d < head_dim_; ++d) score += static_cast<double>(q[d]) * key[d];
    const double weight = std::exp(score * scale_);  // scores of normal numbers are small
    sum += weight;
    for (size_t d = 0; d < head_dim_; ++d) out[d] += weight * value[d];
  }
  for (double& x : out) x /= sum;
  return out;
}

double AttentionProblem::error() const {
  double difference = 0, size = 0;
  for (size_t i = 0; i < kCheckedQueries; ++i) {
    const size_t query = i * (tokens_ - 1) / (kCheckedQueries - 1);
    const size_t head = i % heads_;
    const std::vector<double> expected = in_double(query, head);
    const float* const got = out_.data() + (query * heads_ + head) * head_dim_;
    for (size_t d = 0; d < head_dim_; ++d) {
      difference += (got[d] - expected[d]) * (got[d] - expected[d]);
      size += expected[d] * expected[d];
    }
  }
  return std::sqrt(difference / size);
}

}  // namespace fathom
