// Patterns made of others.
#pragma once

#include <cstdint>
#include <vector>

#include "fathom/attention/pattern.h"

namespace fathom {

// Every key.
PatternPtr everything();

// What a query sees under either, `a | b`.
PatternPtr unite(PatternPtr a, PatternPtr b);

// What a query sees under both, `a & b`.
PatternPtr intersect(PatternPtr a, PatternPtr b);

// What a query sees under a and not under b. No specification says this.
PatternPtr subtract(PatternPtr a, PatternPtr b);

// Pattern::terms(), or the pattern itself as the only one.
std::vector<Term> terms_of(const PatternPtr& pattern, int64_t context);

}  // namespace fathom
