#include "fathom/eval/task.h"

#include <charconv>
#include <system_error>

namespace fathom {

Result<size_t> whole_number(std::string_view flag, const std::string& text, size_t least,
                            size_t most) {
  size_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc() && stop == end && number >= least && number <= most) return number;
  return Error{std::string(flag) + ": '" + text + "' is not a whole number from " +
               std::to_string(least) + " to " + std::to_string(most)};
}

}  // namespace fathom
