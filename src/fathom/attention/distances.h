// How far queries stand from keys, for the bounds of patterns that depend on nothing else.
#pragma once

#include "fathom/base/position.h"

namespace fathom {

// Of the pairs of a rectangle, query - key takes every value from least to most. Neither is empty.
struct Distances {
  Distances(PositionRange queries, PositionRange keys)
      : least(queries.begin.value - (keys.end.value - 1)),
        most((queries.end.value - 1) - keys.begin.value),
        corner(queries.begin.value - keys.begin.value) {}

  int64_t least;
  int64_t most;
  int64_t corner;  // of the first query from the first key
};

}  // namespace fathom
