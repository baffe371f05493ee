// Runs another program and reads what it prints.
#pragma once

#include <string>
#include <vector>

#include "fathom/base/result.h"

namespace fathom {

// Standard output of a program, found on PATH if its name has no slash, run without a shell and
// with no input. Error: it cannot be run, or fails; says the last line of its standard error.
Result<std::string> capture(const std::vector<std::string>& arguments);

}  // namespace fathom
