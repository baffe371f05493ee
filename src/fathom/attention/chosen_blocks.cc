#include "fathom/attention/chosen_blocks.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

namespace fathom {

// Candidates are gathered until there are twice as many as wanted, and then the better half stays,
// whose worst is what a further one must exceed. From the last block on, so that of equal scores
// the later block's stays.
std::vector<int64_t> best_blocks(std::span<const float> scores, int64_t count) {
  using Scored = std::pair<float, int64_t>;
  if (count == 0) return {};
  const auto most = static_cast<size_t>(count);
  std::vector<Scored> best;
  float worst = -std::numeric_limits<float>::infinity();
  const auto keep_better = [&] {
    const auto last = best.begin() + count - 1;
    std::ranges::nth_element(best, last, std::greater{});
    worst = last->first;
    best.resize(most);
  };
  for (size_t i = scores.size(); i-- > 0;) {
    if (!(scores[i] > worst)) continue;
    best.emplace_back(scores[i], static_cast<int64_t>(i));
    if (best.size() == 2 * most) keep_better();
  }
  if (best.size() > most) keep_better();
  std::vector<int64_t> blocks;
  blocks.reserve(best.size() + 1);
  for (const Scored& one : best) blocks.push_back(one.second);
  std::ranges::sort(blocks);
  return blocks;
}

ChosenBlocks::ChosenBlocks(int64_t block, int64_t first, std::vector<std::vector<int64_t>> lists,
                           std::string spec)
    : block_(block), first_(first), lists_(std::move(lists)), spec_(std::move(spec)) {}

bool ChosenBlocks::sees(Position query, Position key) const {
  return std::ranges::binary_search(list_of(query.value / block_), key.value / block_);
}

Coverage ChosenBlocks::cover(PositionRange queries, PositionRange keys) const {
  const int64_t first_key = keys.begin.value / block_;
  const int64_t last_key = (keys.end.value - 1) / block_;
  const int64_t first = queries.begin.value / block_;
  const int64_t last = (queries.end.value - 1) / block_;
  const int64_t last_listed = first_ + static_cast<int64_t>(lists_.size()) - 1;
  bool any = false;
  bool all = first_ <= first && last <= last_listed;
  for (int64_t q = std::max(first, first_); q <= std::min(last, last_listed); ++q) {
    const std::span<const int64_t> list = list_of(q);
    const auto from = std::ranges::lower_bound(list, first_key);
    any |= from != list.end() && *from <= last_key;
    // A list rises: it has all of them where the last one comes as soon as it can.
    all &= list.end() - from > last_key - first_key && from[last_key - first_key] == last_key;
    if (any && !all) return Coverage::partial;
  }
  return any ? Coverage::full : Coverage::empty;
}

void ChosenBlocks::mask(std::span<const Position> queries, std::span<const Position> keys,
                        std::span<uint64_t> rows) const {
  PositionRange same;  // positions of the block of the query before
  for (size_t i = 0; i < queries.size(); ++i) {
    if (same.begin <= queries[i] && queries[i] < same.end) {
      rows[i] = rows[i - 1];
    } else {
      same = block_around(queries[i]);
      rows[i] = row_of(queries[i].value / block_, keys);
    }
  }
}

std::span<const int64_t> ChosenBlocks::list_of(int64_t query_block) const {
  const int64_t i = query_block - first_;
  if (i < 0 || i >= static_cast<int64_t>(lists_.size())) return {};
  return lists_[static_cast<size_t>(i)];
}

PositionRange ChosenBlocks::block_around(Position position) const {
  const int64_t begin = position.value / block_ * block_;
  return {{begin}, {begin + block_}};
}

uint64_t ChosenBlocks::row_of(int64_t query_block, std::span<const Position> keys) const {
  const std::span<const int64_t> list = list_of(query_block);
  uint64_t row = 0;
  PositionRange same;
  bool seen = false;
  for (size_t j = 0; j < keys.size(); ++j) {
    if (keys[j] < same.begin || same.end <= keys[j]) {
      same = block_around(keys[j]);
      seen = std::ranges::binary_search(list, keys[j].value / block_);
    }
    row |= uint64_t{seen} << j;
  }
  return row;
}

}  // namespace fathom
