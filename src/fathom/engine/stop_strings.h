// Ends generated text before the first of a set of strings, while letting the rest stream through.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fathom {

class StopStrings {
 public:
  // Empty strings are ignored.
  explicit StopStrings(std::vector<std::string> stops);

  // Appends text; returns what may be shown: all that cannot be the beginning of a stop string, or
  // all that stands before one that is now complete.
  std::string push(std::string_view text);
  // What was held back, when the text ends without a stop string.
  std::string finish();

  bool found() const { return found_; }

 private:
  std::vector<std::string> stops_;
  std::string held_;
  bool found_ = false;
};

}  // namespace fathom
