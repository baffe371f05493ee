// What tests of patterns that choose by content share: a pattern's index, run over a problem's
// tokens in calls.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "fathom/attention/key_index.h"
#include "fathom/attention/test_patterns.h"
#include "fathom/kernels/attend_twin.h"

namespace fathom {
namespace {

// Of a problem with as many queries as keys.
class IndexRun {
 public:
  IndexRun(std::string_view spec, const Problem& p, Operand operand)
      : p_(p), operand_(operand), cache_(p, operand) {
    index_ = pattern_of(spec)->index({.heads = p.heads,
                                      .kv_heads = p.kv_heads,
                                      .head_dim = p.head_dim,
                                      .scale = p.scale,
                                      .context = static_cast<int64_t>(p.keys),
                                      .operand = operand});
  }

  // What each head's queries of the next `tokens` see.
  std::vector<PatternPtr> call(size_t tokens) {
    const size_t kv_width = p_.kv_heads * p_.head_dim;
    const size_t width = p_.heads * p_.head_dim;
    const Compute compute{.operand = operand_, .pool = &pool_};
    index_->append(compute, {p_.k.data() + done_ * kv_width, tokens, kv_width},
                   {p_.v.data() + done_ * kv_width, tokens, kv_width});
    const AttentionCall step{
        .compute = &compute,
        .queries = {p_.q.data() + done_ * width, tokens, width},
        .positions = {{static_cast<int64_t>(done_)}, {static_cast<int64_t>(done_ + tokens)}},
        .cache = cache_.views()};
    index_->prepare(step);
    std::vector<PatternPtr> chosen;
    chosen.reserve(p_.heads);
    for (size_t head = 0; head < p_.heads; ++head) chosen.push_back(index_->choose(step, head));
    done_ += tokens;
    return chosen;
  }

 private:
  const Problem& p_;
  Operand operand_;
  Cache cache_;
  ThreadPool pool_{1};
  std::unique_ptr<KeyIndex> index_;
  size_t done_ = 0;
};

// Whether both see the same of keys up to each of these queries.
[[maybe_unused]] bool agree(const Pattern& a, const Pattern& b, size_t begin, size_t end) {
  for (auto q = static_cast<int64_t>(begin); q < static_cast<int64_t>(end); ++q)
    for (int64_t k = 0; k <= q; ++k)
      if (a.sees({q}, {k}) != b.sees({q}, {k})) return false;
  return true;
}

}  // namespace
}  // namespace fathom
