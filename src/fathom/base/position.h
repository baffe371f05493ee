// Three words that must not be mixed: a *token* is an id in a vocabulary, its *position* is where
// it stands in the text (what RoPE and patterns see), its *slot* is where its key and value lie in
// the cache. Slots and positions agree only until something is evicted or reordered.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace fathom {

using TokenId = int32_t;

struct Position {
  int64_t value = 0;
  auto operator<=>(const Position&) const = default;
};

struct Slot {
  size_t value = 0;
  auto operator<=>(const Slot&) const = default;
};

// Positions begin, begin + 1, ..., end - 1.
struct PositionRange {
  Position begin;
  Position end;
  int64_t size() const { return end.value - begin.value; }
  bool operator==(const PositionRange&) const = default;
};

}  // namespace fathom
