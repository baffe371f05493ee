#include "text_file.h"

#include "fathom/base/file_mapping.h"
#include "fathom/text/utf8.h"

namespace fathom {

CLI::Validator file_name() {
  return CLI::Validator(
      [](std::string& name) -> std::string { return name.empty() ? "'' names no file" : ""; }, "");
}

Result<std::string> read_text(const std::string& file) {
  FATHOM_TRY(std::string text, read_file(file));
  if (const auto offset = find_invalid_utf8(text))
    return Error{(file == "-" ? "standard input" : file) + ": not UTF-8 at byte " +
                 std::to_string(*offset)};
  return text;
}

}  // namespace fathom
