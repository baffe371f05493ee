// fathom pattern SPEC -m MODEL -f FILE: what a head of a model scores while it reads a text, which
// is how patterns that choose by content can be seen.
#pragma once

#include "fathom/attention/pattern_map.h"
#include "pattern_flags.h"

namespace fathom {

// Returns the exit code.
int draw_pattern_of_text(const PatternFlags& flags, const PatternMap& attention);

}  // namespace fathom
