#include "fathom/attention/segments.h"

#include <algorithm>
#include <cassert>

namespace fathom {

Segments::Segments(const Shape& shape, int64_t context) : first_(shape.first) {
  assert(shape.window >= 1 && shape.fan >= 2);
  const int64_t tokens = context - std::min(first_, context);  // that segments are made of
  int64_t length = shape.fan;
  int64_t newer = shape.window;
  for (int64_t level = 1; level < shape.levels && newer < tokens; ++level) {
    levels_.push_back({.length = length, .newer = newer, .begins = {first_}});
    // A further level would begin before the text, or have no segment that ends within it.
    if (length >= tokens / shape.window || length / 2 >= tokens / shape.fan) break;
    newer += shape.window * length;
    length *= shape.fan;
  }
}

size_t Segments::append(std::optional<TextEnd> end) {
  ++tokens_;
  if (tokens_ <= first_) return 0;
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
  if (level > top()) return {first_};
  const Level& own = levels_[level - 1];
  const auto after = std::ranges::upper_bound(own.begins, query.value + 1 - own.newer);
  return {after == own.begins.begin() ? first_ : *(after - 1)};
}

PositionRange Segments::part(size_t level, Position query) const {
  const Position begin = begin_of(level + 1, query);
  if (level > 0) return {begin, begin_of(level, query)};
  return {begin, std::max(begin, Position{query.value + 1})};
}

}  // namespace fathom
