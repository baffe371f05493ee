// One metadata value: a number, truth value or string, or an array of them.
#pragma once

#include <cstdint>
#include <string>

#include "fathom/base/result.h"
#include "fathom/gguf/cursor.h"
#include "fathom/gguf/gguf.h"

namespace fathom::gguf {

// Reads the value's type and the value. `key` stands in errors. Arrays of arrays are refused.
Result<Value> read_value(Cursor& cursor, const std::string& key);

}  // namespace fathom::gguf
