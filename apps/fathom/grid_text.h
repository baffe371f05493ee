// A pattern's pairs in block characters, for a terminal: keys run across, queries down.
#pragma once

#include <cstdint>
#include <string>

#include "pair_grid.h"

namespace fathom {

// A grid that to_text() draws in lines of at most `columns` characters: a cell a pair where the
// text is short enough, else larger ones.
PairGrid grid_for_text(int64_t tokens, bool causal, int64_t columns);

// In lines, the first of which says what a cell is.
std::string to_text(const PairGrid& grid);

}  // namespace fathom
