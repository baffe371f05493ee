// The commit that this program was built from, written by the build.
#pragma once

namespace fathom {

// "5568279", "5568279-changed" with changes that are not committed, "unknown" without git.
extern const char* const kCommit;

}  // namespace fathom
