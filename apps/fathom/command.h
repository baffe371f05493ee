// A subcommand: its flags, and what runs once they are parsed. One file each, flags and printing
// only; main.cc lists them.
#pragma once

#include <functional>

#include <CLI/CLI.hpp>

#include "fathom/base/result.h"

namespace fathom {

// The program's exit codes. Where the reader of the output goes away, SIGPIPE ends the program.
constexpr int kDone = 0;
constexpr int kFailed = 1;         // the input or the machine did not allow it
constexpr int kMisused = 2;        // the flags ask for what cannot be
constexpr int kInterrupted = 130;  // by Ctrl-C, as shells have it

// Prints "fathom: ..." on standard error; returns the exit code.
int failed(const Error& error);
int misused(const Error& error);

struct Command {
  CLI::App* app = nullptr;
  std::function<int()> run;  // returns the exit code
};

Command run_command(CLI::App& program);
Command eval_command(CLI::App& program);
Command report_command(CLI::App& program);
Command bench_command(CLI::App& program);
Command pull_command(CLI::App& program);
Command cache_command(CLI::App& program);
Command list_command(CLI::App& program);
Command info_command(CLI::App& program);
Command rope_command(CLI::App& program);
Command tokenize_command(CLI::App& program);
Command patterns_command(CLI::App& program);
Command pattern_command(CLI::App& program);
Command policies_command(CLI::App& program);

}  // namespace fathom
