// The attention specification language: `full`, `window(size=1024)`.
//
//   spec    = pattern
//   pattern = name [ "(" [ key "=" value { "," key "=" value } ] ")" ]
//
// White space may stand between any two of these. The same text works in the library, the command
// line and evaluation. An error is three lines: what is wrong and what would be valid, the
// specification, and a caret under the character at fault.
#pragma once

#include <string_view>

#include "fathom/attention/pattern.h"
#include "fathom/base/result.h"

namespace fathom {

Result<PatternPtr> parse_pattern(std::string_view spec);

// What a query sees under both.
PatternPtr intersect(PatternPtr a, PatternPtr b);

}  // namespace fathom
