#include "fathom/bench/capture.h"

#include <sys/wait.h>

#include "fathom/base/program.h"

namespace fathom {
namespace {

std::string last_line(std::string text) {
  text.erase(text.find_last_not_of(" \r\n") + 1);
  return text.substr(text.find_last_of('\n') + 1);
}

}  // namespace

Result<std::string> capture(const std::vector<std::string>& arguments) {
  FATHOM_TRY(ProgramEnd end, run_program(arguments));
  const int status = end.wait_status;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return std::move(end.output);
  std::string message = arguments[0] + ": ";
  message += WIFEXITED(status) ? "exit code " + std::to_string(WEXITSTATUS(status))
                               : "ended by signal " + std::to_string(WTERMSIG(status));
  const std::string words = last_line(end.errors);
  return Error{words.empty() ? message : message + ": " + words};
}

}  // namespace fathom
