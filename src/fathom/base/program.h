// Runs another program and keeps what it writes.
#pragma once

#include <string>
#include <vector>

#include "fathom/base/result.h"

namespace fathom {

struct ProgramEnd {
  int wait_status = 0;  // as wait(2) has it
  std::string output, errors;
};

// Runs a program, found on PATH if its name has no slash, without a shell and with no input, and
// waits for its end. Error: it cannot be run.
Result<ProgramEnd> run_program(std::vector<std::string> arguments);

}  // namespace fathom
