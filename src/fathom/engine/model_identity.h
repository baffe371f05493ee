// Which model a file holds: a hash of its bytes, all parts of a split model included.
#pragma once

#include <string>

#include "fathom/base/result.h"

namespace fathom {

// The SHA-256 of the model's files together. It is remembered in `folder` for a file that has not
// changed since, by device, inode, size and times. Errors name the file: it cannot be read, or
// changes while it is.
Result<std::string> model_sha256(const std::string& path, const std::string& folder);

}  // namespace fathom
