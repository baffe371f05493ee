#include "fathom/bench/attention_problem.h"

#include <cmath>

#include "fathom/attention/planner.h"

namespace fathom {
namespace {

constexpr size_t kCheckedQueries = 6;

}  // namespace

AttentionProblem::AttentionProblem(const AttentionBench& bench, Operand operand, size_t head_dim,
                                   size_t tokens, size_t depth, size_t copies)
    : pattern_(bench.pattern),
      head_dim_(head_dim),
      tokens_(tokens),
      depth_(depth),
      heads_(bench.heads),
      kv_heads_(bench.kv_heads),
      scale_(1 / std::sqrt(static_cast<float>(head_dim))),
      kv_(operand, bench.kv_heads, head_dim, depth + tokens, copies),
      queries_(random_normal(tokens * bench.heads * head_dim, 3)),
      out_(queries_.size()) {}

void AttentionProblem::attend_once(const Compute& compute, size_t copy) {
  const auto first = static_cast<int64_t>(depth_);
  const auto end = static_cast<int64_t>(depth_ + tokens_);
  const BlockPlan plan =
      plan_blocks(*pattern_, {.queries = {{first}, {end}}, .keys = {{0}, {end}}});
  const std::vector<const BlockPlan*> plan_of_head(heads_, &plan);
  const size_t width = heads_ * head_dim_;
  attend(compute, {.queries = {queries_.data(), tokens_, width},
                   .out = {out_.data(), tokens_, width},
                   .head_dim = head_dim_,
                   .scale = scale_,
                   .kv_heads = kv_.views(copy),
                   .plan_of_head = plan_of_head});
  pairs_ = scored_pairs(plan);
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
