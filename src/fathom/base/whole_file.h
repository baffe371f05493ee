// A file that is written whole or not at all.
#pragma once

#include <string>
#include <string_view>

#include "fathom/base/result.h"

namespace fathom {

// Makes or replaces the file: written under another name beside it, flushed to disk, then renamed,
// so that nobody ever finds half of it. Errors name the path: no permission, a full disk, something
// there that is no file (a folder, a device).
Status write_whole_file(const std::string& path, std::string_view content);

}  // namespace fathom
