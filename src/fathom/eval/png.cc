#include "fathom/eval/png.h"

#include <string_view>

#include "fathom/base/program.h"
#include "fathom/base/whole_file.h"

namespace fathom {

Result<bool> write_png(const std::string& svg_path, const std::string& png_path) {
  // To its output, so that the file is written whole or not at all.
  const Result<ProgramEnd> end = run_program({"rsvg-convert", "--zoom", "2", "--", svg_path});
  if (!end) return false;
  if (end->wait_status != 0) {
    const std::string_view errors = end->errors;
    return Error{svg_path + ": rsvg-convert: " + std::string(errors.substr(0, errors.find('\n')))};
  }
  FATHOM_CHECK(write_whole_file(png_path, end->output));
  return true;
}

}  // namespace fathom
