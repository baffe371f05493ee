// A text cut into segments at several levels, each level coarser than the one below it, and which
// level stands for which part of a query's past.
//
// Level 0 is the tokens. A segment of level l >= 1 has fan^l tokens. Where it is known what of the
// text ends with each token, it has from half to twice as many, and ends with the first sentence
// (level 1), paragraph (level 2) or section (level 3 and above), or anything larger, that lets it.
// A segment that ends, ends those of the levels below, however short: so each consists of whole
// segments of the level below.
//
// The past of query q, itself included, is cut into one part for each level. Level 0 has the newest
// tokens, at least `window` of them; each level above it the `window` segments or so before what
// the level below has, and the last level all the rest. Parts begin where a segment of the level
// above ends, and so hold complete segments only. A text no longer than the window is all level 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "fathom/attention/key_index.h"
#include "fathom/base/position.h"

namespace fathom {

class Segments {
 public:
  struct Shape {
    int64_t window = 1;
    int64_t levels = 2;  // with level 0
    int64_t fan = 2;     // at least 2
    int64_t first = 0;   // tokens left out
  };
  // Levels that no text of `context` tokens needs are left out.
  Segments(const Shape& shape, int64_t context);

  // The last level: 0 where tokens are enough.
  size_t top() const { return levels_.size(); }

  // The next token; `end`: what ends with it, if known. The highest level of which a segment ends
  // with it, or 0.
  size_t append(std::optional<TextEnd> end);

  // Where level `level` >= 1's complete segments begin; the last number is where they end.
  std::span<const int64_t> begins(size_t level) const { return levels_[level - 1].begins; }

  // The part of a query's past that a level stands for; perhaps empty. Neither its begin nor its
  // end lessens from one query to the next.
  PositionRange part(size_t level, Position query) const;

 private:
  struct Level {
    int64_t length;  // usual tokens of a segment
    int64_t newer;   // tokens that the levels below stand for, at least
    std::vector<int64_t> begins;
  };
  bool ends(size_t level, std::optional<TextEnd> end) const;
  Position begin_of(size_t level, Position query) const;

  int64_t first_;
  int64_t tokens_ = 0;
  std::vector<Level> levels_;  // from level 1 on
};

}  // namespace fathom
