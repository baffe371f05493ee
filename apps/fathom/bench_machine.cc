// fathom bench machine: the ceilings.
#include <memory>

#include "bench_commands.h"
#include "bench_flags.h"
#include "fathom/bench/machine.h"

namespace fathom {
namespace {

int machine(const BenchFlags& flags) {
  const auto machine = BenchMachine::make(flags);
  if (!machine.ok()) return misused(machine.error());
  FigurePrinter printer(flags.json);
  bench_machine(machine.value().run, std::ref(printer));
  const Status shown = printer.finish("machine", machine.value().run.compute);
  return shown.ok() ? kDone : failed(shown.error());
}

}  // namespace

Command bench_machine_command(CLI::App& bench) {
  const auto flags = std::make_shared<BenchFlags>();
  CLI::App* app = bench.add_subcommand("machine", "What this machine can do: one core, then all");
  add_bench_flags(*app, *flags);
  app->footer("Example:\n  fathom bench machine");
  return {app, [flags] { return machine(*flags); }};
}

}  // namespace fathom
