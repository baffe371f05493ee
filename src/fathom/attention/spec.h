// One pattern for all heads, as text: `window(size=1024) | sinks(count=4)`.
//
// The grammar is expression.h's; pattern_map.h adds layers and heads. White space may stand between
// any two parts. The same text works in the library, the command line and evaluation. An error is
// three lines: what is wrong and what would be valid, the specification, and a caret under the
// character at fault.
#pragma once

#include <string_view>

#include "fathom/attention/pattern.h"
#include "fathom/base/result.h"

namespace fathom {

// The pattern of the head at `placement`, on which only patterns that differ by head depend.
Result<PatternPtr> parse_pattern(std::string_view spec, const Placement& placement = {});

}  // namespace fathom
