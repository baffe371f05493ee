// Text files that flags name.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "fathom/base/result.h"

namespace fathom {

// A check for options that take a file's name: '' names none.
CLI::Validator file_name();

// "-" is standard input. Errors name the file: missing, not UTF-8 (with the byte offset).
Result<std::string> read_text(const std::string& file);

}  // namespace fathom
