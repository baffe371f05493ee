// A file that is written whole or not at all, and all of some bytes to one that is open.
#pragma once

#include <string>
#include <string_view>

#include "fathom/base/result.h"

namespace fathom {

// Makes or replaces the file: written under another name beside it, flushed to disk, then renamed,
// so that nobody ever finds half of it. Errors name the path: no permission, a full disk, something
// there that is no file (a folder, a device).
Status write_whole_file(const std::string& path, std::string_view content);

// However many calls it takes. False: errno says why.
bool write_all(int fd, std::string_view bytes);

}  // namespace fathom
