// A pattern chosen for the queries of one call: some queries after another share a list of key
// ranges, and each sees its newest keys.
#pragma once

#include <string>
#include <vector>

#include "fathom/attention/pattern.h"

namespace fathom {

struct SharedRanges {
  PositionRange queries;
  std::vector<PositionRange> keys;  // any order, may overlap
};

// Query q sees key k when k lies in a range that q has, or q - k < newest. `shares` are adjacent
// and ascending, and hold every query that is asked about.
PatternPtr key_ranges(std::vector<SharedRanges> shares, int64_t newest, std::string spec);

}  // namespace fathom
