// Documents with reference summaries: the user's, or the licences that a Debian system has, with
// summaries of ours.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fathom/base/result.h"

namespace fathom {

struct SummaryDocument {
  std::string name;
  std::string text;
  std::vector<std::string> references;  // one at least
};

// A JSON object a line: {"document": TEXT} or {"file": PATH}, beside it {"summary": TEXT or
// [TEXT, ...]}, {"name": TEXT} if wanted. Paths are relative to the file's folder. Errors name the
// file and line: no JSON, a key missing or of another type, an unreadable or empty document.
Result<std::vector<SummaryDocument>> read_summaries(const std::string& path);

// Those of /usr/share/common-licenses that have a summary here. Error: there are none.
Result<std::vector<SummaryDocument>> licence_summaries();

}  // namespace fathom
