// fathom: reads long documents and answers questions about them.
#include <csignal>
#include <cstdio>
#include <exception>
#include <new>
#include <sstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "command.h"
#include "terminal.h"

namespace fathom {

int failed(const Error& error) {
  const std::string line = "fathom: " + printable(error.message) + "\n";
  std::fputs(line.c_str(), stderr);
  return kFailed;
}

int misused(const Error& error) {
  // As it is: it may point at a character of a flag, on lines of its own.
  std::fputs(("fathom: " + error.message + "\n").c_str(), stderr);
  return kMisused;
}

namespace {

// Else the first files opened would take their numbers, and get what is printed. Opened the wrong
// way round, so that reading and printing fail as they do on a closed one.
bool fill_closed_standard_streams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(fd, F_GETFD) < 0 &&
        ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
      return false;
  return true;
}

// "no task 'foo'; tasks: perplexity", where a word stands in a subcommand's place.
std::string no_such(const CLI::App& app, const std::string& word) {
  const std::string kind = app.get_parent() == nullptr ? "command"
                           : app.get_name() == "bench" ? "suite"
                           : app.get_name() == "eval"  ? "task"
                                                       : "command";
  std::string names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    names += (names.empty() ? "" : ", ") + sub->get_name();
  return "no " + kind + " '" + word + "'; " + kind + "s: " + names;
}

// What is wrong, and where to look: the help of the subcommand that was being parsed.
Error explain(const CLI::App& program, const CLI::ParseError& error) {
  std::string command = "fathom";
  const CLI::App* app = &program;
  while (!app->get_subcommands().empty()) {
    app = app->get_subcommands().front();
    command += " " + app->get_name();
  }
  const std::vector<std::string> unknown = app->remaining();
  const bool is_sub_missing = app->get_require_subcommand_min() > 0 && !unknown.empty();
  return {(is_sub_missing ? no_such(*app, unknown.front()) : error.what()) + "; see '" + command +
          " --help'"};
}

int run_program(int argc, char** argv) {
  CLI::App program("Fathom: exact and sparse attention over long documents, on CPUs.", "fathom");
  program.set_version_flag("--version", "fathom " FATHOM_VERSION);
  program.require_subcommand(1);
  const std::vector<Command> commands = {
      run_command(program),      eval_command(program),    report_command(program),
      bench_command(program),    cache_command(program),   pull_command(program),
      list_command(program),     info_command(program),    tokenize_command(program),
      patterns_command(program), pattern_command(program), policies_command(program),
      rope_command(program)};
  // After the commands, which would inherit it.
  program.footer(
      "Examples:\n"
      "  fathom pull smollm2-135m\n"
      "  fathom run -m smollm2-135m -f report.txt -p 'What does the report recommend?'\n"
      "  fathom run --help");
  try {
    program.parse(argc, argv);
  } catch (const CLI::Success& help_or_version) {
    std::ostringstream text;
    program.exit(help_or_version, text, text);
    const Status printed = print(text.str());
    return printed.ok() ? kDone : failed(printed.error());
  } catch (const CLI::ParseError& error) {
    return misused(explain(program, error));
  }
  for (const Command& command : commands)
    if (command.app->parsed()) return command.run();
  return kDone;
}

}  // namespace
}  // namespace fathom

int main(int argc, char** argv) {
  // A limit on the size of files is then an error of what writes them, like a full disk.
  std::signal(SIGXFSZ, SIG_IGN);
  if (!fathom::fill_closed_standard_streams()) return fathom::kFailed;
  try {
    return fathom::run_program(argc, argv);
  } catch (const std::bad_alloc&) {
    std::fputs("fathom: out of memory\n", stderr);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fathom: %s\n", error.what());
  }
  return fathom::kFailed;
}
