// fathom report: one page of several evaluations.
#include <memory>
#include <string>
#include <vector>

#include "command.h"
#include "fathom/eval/merged_runs.h"
#include "report_files.h"
#include "terminal.h"
#include "text_file.h"

namespace fathom {
namespace {

struct Flags {
  std::vector<std::string> folders;
  std::string out;
};

int report(const Flags& flags) {
  std::vector<RunResults> runs;
  for (const std::string& folder : flags.folders) {
    auto run = read_run(folder);
    if (!run.ok()) return failed(run.error());
    runs.push_back(std::move(*run));
  }
  const Status written = write_report(flags.out, merge_alike(runs));
  if (!written.ok()) return failed(written.error());
  const Status shown = print(flags.out + "/report.html\n");
  return shown.ok() ? kDone : failed(shown.error());
}

}  // namespace

Command report_command(CLI::App& program) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* app = program.add_subcommand("report", "One page of several evaluations");
  app->add_option("folder", flags->folders, "What 'fathom eval --out' wrote, finished or not")
      ->required()
      ->type_name("DIR")
      ->check(file_name());
  app->add_option("-o,--out", flags->out, "Where the page and its pictures go")
      ->required()
      ->type_name("DIR")
      ->check(file_name());
  app->footer(
      "Example:\n"
      "  fathom report needle-patterns needle-caches agreement -o report");
  return {app, [flags] { return report(*flags); }};
}

}  // namespace fathom
