// Reads `(key=value, ...)` of a plug-in's specification against the parameters that it declares,
// and writes it.
//
//   list  = "(" [ key "=" value { "," key "=" value } ] ")"
//   value = integer | number | "[" [ integer { "," integer } ] "]" | "[" [ number { "," number } ]
//   "]"
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "fathom/base/parameters.h"
#include "fathom/base/result.h"
#include "fathom/base/spec_cursor.h"

namespace fathom {

// The parameters of plug-in `owner`, whose name was just taken; no list at all is an empty one.
// What is left out has its fallback. Errors point at the character and say what is valid: unknown,
// repeated or missing parameter, a value without its key, a value of the wrong kind or too small,
// bad punctuation.
Result<Parameters> parse_parameters(SpecCursor& cursor, std::string_view owner,
                                    std::span<const ParameterInfo> infos);

// A value as a specification has it: "4", "0.5", "[1, 2.5]".
std::string to_text(const ParameterValue& value);
// All of `infos` as a list, "(size=1024, at=[0])"; nothing if there are none.
std::string to_text(const Parameters& parameters, std::span<const ParameterInfo> infos);

}  // namespace fathom
