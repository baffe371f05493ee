#include "fathom/attention/key_chunks.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <numeric>
#include <utility>

namespace fathom {
namespace {

// Of rows whose size is a multiple of 16. The order of additions is fixed.
float dot(std::span<const float> a, std::span<const float> b) {
  constexpr size_t kLanes = 16;
  assert(a.size() == b.size() && a.size() % kLanes == 0);
  std::array<float, kLanes> lanes{};
  for (size_t i = 0; i < a.size(); i += kLanes)
    for (size_t j = 0; j < kLanes; ++j) lanes[j] += a[i + j] * b[i + j];
  return std::accumulate(lanes.begin(), lanes.end(), 0.0f);
}

void add(std::span<const float> from, std::span<float> to) {
  for (size_t i = 0; i < to.size(); ++i) to[i] += from[i];
}

// Bounds within `tokens` tokens, given for each gap before a token how alike its sides are: the
// least alike first, of equals the earliest, none within `reach` tokens of another or of the ends.
std::vector<size_t> least_alike(std::span<const float> likeness, size_t count, size_t reach) {
  const size_t tokens = likeness.size();
  std::vector<size_t> gaps;
  for (size_t gap = reach + 1; gap + reach < tokens; ++gap) gaps.push_back(gap);
  std::ranges::sort(gaps, {}, [&](size_t gap) { return std::pair(likeness[gap], gap); });
  std::vector<size_t> bounds;
  std::vector<char> taken(tokens);
  for (const size_t gap : gaps) {
    if (bounds.size() == count) break;
    const auto first = taken.begin() + static_cast<ptrdiff_t>(gap - reach);
    const auto end = taken.begin() + static_cast<ptrdiff_t>(gap + reach + 1);
    if (std::find(first, end, 1) != end) continue;
    taken[gap] = 1;
    bounds.push_back(gap);
  }
  std::ranges::sort(bounds);
  return bounds;
}

}  // namespace

KeyChunks::KeyChunks(size_t kv_heads, size_t head_dim, int64_t usual, int64_t block)
    : kv_heads_(kv_heads), head_dim_(head_dim), usual_(usual), block_(block) {
  assert(usual >= 1 && block >= 1);
}

void KeyChunks::append(ConstMatrix<float> keys) {
  assert(keys.cols == kv_heads_ * head_dim_);
  const auto full = static_cast<uint64_t>(block_);
  for (size_t i = 0; i < keys.rows; ++i) {
    open_.insert(open_.end(), keys.row(i), keys.row(i) + keys.cols);
    if (open_.size() / keys.cols == full) cut_block();
  }
}

void KeyChunks::cut_block() {
  const auto tokens = static_cast<size_t>(block_);
  const auto usual = static_cast<size_t>(std::min(usual_, block_));
  size_t begin = 0;
  for (const size_t bound : least_alike(likeness(), tokens / usual - 1, usual / 2)) {
    close(begin, bound);
    begin = bound;
  }
  close(begin, tokens);
  open_.clear();
}

// Element g: how alike the tokens of the open block on both sides of the gap before its token g
// are; fewer than kSide near its ends, since the cosine takes no heed of how many are summed.
std::vector<float> KeyChunks::likeness() const {
  const size_t cols = kv_heads_ * head_dim_;
  const std::span<const float> rows = open_;
  const size_t tokens = rows.size() / cols;
  std::vector<float> alike(tokens), before(cols), after(cols);
  for (size_t gap = 1; gap < tokens; ++gap) {
    std::ranges::fill(before, 0.0f);
    std::ranges::fill(after, 0.0f);
    for (size_t t = gap - std::min(gap, kSide); t < gap; ++t)
      add(rows.subspan(t * cols, cols), before);
    for (size_t t = gap; t < std::min(gap + kSide, tokens); ++t)
      add(rows.subspan(t * cols, cols), after);
    const float size = std::sqrt(dot(before, before)) * std::sqrt(dot(after, after));
    alike[gap] = size > 0 ? dot(before, after) / size : 0;
  }
  return alike;
}

// Tokens [first, end) of the open block become a chunk.
void KeyChunks::close(size_t first, size_t end) {
  const size_t at = keys_.size();
  keys_.resize(at + head_dim_);
  const auto key = std::span(keys_).subspan(at);
  const auto rows = std::span<const float>(open_);
  for (size_t slice = first * kv_heads_; slice < end * kv_heads_; ++slice)
    add(rows.subspan(slice * head_dim_, head_dim_), key);
  const auto length = static_cast<float>(end - first);
  for (float& x : key) x /= static_cast<float>(kv_heads_) * std::sqrt(length);
  begins_.push_back(begins_.back() + static_cast<int64_t>(end - first));
}

void KeyChunks::score(std::span<const float> query, std::span<float> out) const {
  assert(query.size() == head_dim_ && out.size() * head_dim_ <= keys_.size());
  const std::span<const float> keys = keys_;
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = dot(query, keys.subspan(i * head_dim_, head_dim_));
}

size_t KeyChunks::bytes() const {
  return (open_.size() + keys_.size()) * sizeof(float) + begins_.size() * sizeof(int64_t);
}

}  // namespace fathom
