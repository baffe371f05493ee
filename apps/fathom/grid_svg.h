// A pattern's pairs as SVG: keys run across, queries down. Scored pairs are dark, others grey;
// where there are none, after the query, it stays white.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "pair_grid.h"

namespace fathom {

// A grid that to_svg() draws: a cell a pair, or larger ones where these would be too many to see.
PairGrid grid_for_svg(int64_t tokens, bool causal);

std::string to_svg(const PairGrid& grid, std::string_view title, std::string_view subtitle);

}  // namespace fathom
