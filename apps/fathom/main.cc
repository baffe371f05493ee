// fathom: reads long documents and answers questions about them.
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <vector>

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

// "; see 'fathom run --help'", of the subcommand that was being parsed.
std::string where_to_look(const CLI::App& program) {
  std::string command = "fathom";
  const CLI::App* app = &program;
  while (!app->get_subcommands().empty()) {
    app = app->get_subcommands().front();
    command += " " + app->get_name();
  }
  return "; see '" + command + " --help'";
}

int run_program(int argc, char** argv) {
  CLI::App program("Fathom: exact and sparse attention over long documents, on CPUs.", "fathom");
  program.set_version_flag("--version", "fathom " FATHOM_VERSION);
  program.require_subcommand(1);
  program.footer(
      "Examples:\n"
      "  fathom pull smollm2-135m\n"
      "  fathom run -m smollm2-135m -f report.txt -p 'What does the report recommend?'\n"
      "  fathom run --help");
  const std::vector<Command> commands = {run_command(program),     eval_command(program),
                                         pull_command(program),    list_command(program),
                                         info_command(program),    tokenize_command(program),
                                         patterns_command(program)};
  try {
    program.parse(argc, argv);
  } catch (const CLI::Success& help_or_version) {
    return program.exit(help_or_version);
  } catch (const CLI::ParseError& error) {
    const std::vector<std::string> unknown = program.remaining();
    const bool no_command = program.get_subcommands().empty() && !unknown.empty();
    const std::string what = no_command ? "no command '" + unknown.front() + "'" : error.what();
    return misused({what + where_to_look(program)});
  }
  for (const Command& command : commands)
    if (command.app->parsed()) return command.run();
  return kDone;
}

}  // namespace
}  // namespace fathom

int main(int argc, char** argv) {
  try {
    return fathom::run_program(argc, argv);
  } catch (const std::bad_alloc&) {
    std::fputs("fathom: out of memory\n", stderr);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fathom: %s\n", error.what());
  }
  return fathom::kFailed;
}
