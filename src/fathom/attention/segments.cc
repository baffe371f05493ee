#include "fathom/attention/segments.h"

#include <algorithm>
#include <cassert>

namespace fathom {

Segments::Segments(int64_t window, int64_t levels, int64_t fan, int64_t context) {
  assert(window >= 1 && fan >= 2);
  int64_t length = fan;
  int64_t newer = window;
  for (int64_t level = 1; level < levels && newer < context; ++level) {
    levels_.push_back({.length = length, .newer = newer, .begins = {0}});
    // A further level would begin beyond the context, or have no segment that ends within it.
    if (length >= context / window || length / 2 >= context / fan) break;
    newer += window * length;
    length *= fan;
  }
}

size_t Segments::append(std::optional<TextEnd> end) {
  ++tokens_;
  size_t top_ended = top();
  while (top_ended > 0 && !ends(top_ended, end)) --top_ended;
  for (size_t level = 1; level <= top_ended; ++level) levels_[level - 1].begins.push_back(tokens_);
  return top_ended;
}

// Whether the open segment of a level ends with the newest token.
bool Segments::ends(size_t level, std::optional<TextEnd> end) const {
  const Level& own = levels_[level - 1];
  const int64_t size = tokens_ - own.begins.back();
  if (!end) return size >= own.length;
  const size_t wanted = std::min(level, static_cast<size_t>(TextEnd::section));
  if (static_cast<size_t>(*end) >= wanted && size >= own.length - size) return true;
  return size - own.length >= own.length;
}

// Where the levels below `level` begin: the newest begin that leaves them enough.
Position Segments::begin_of(size_t level, Position query) const {
  if (level > top()) return {0};
  const Level& own = levels_[level - 1];
  const int64_t latest = query.value + 1 - own.newer;
  const auto after = std::ranges::upper_bound(own.begins, latest);
  return {after == own.begins.begin() ? 0 : *(after - 1)};
}

PositionRange Segments::part(size_t level, Position query) const {
  const Position end = level == 0 ? Position{query.value + 1} : begin_of(level, query);
  return {begin_of(level + 1, query), end};
}

}  // namespace fathom
