// Patterns made of two others.
#pragma once

#include "fathom/attention/pattern.h"

namespace fathom {

// What a query sees under either, `a | b`.
PatternPtr unite(PatternPtr a, PatternPtr b);

// What a query sees under both, `a & b`.
PatternPtr intersect(PatternPtr a, PatternPtr b);

}  // namespace fathom
