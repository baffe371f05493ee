// fathom bench SUITE: speed, beside what the machine can do.
#include <vector>

#include "bench_commands.h"

namespace fathom {

Command bench_command(CLI::App& program) {
  CLI::App* app = program.add_subcommand("bench", "Measure speed, beside the machine's limits");
  app->require_subcommand(1);
  const std::vector<Command> suites = {bench_machine_command(*app), bench_attention_command(*app),
                                       bench_decode_command(*app),  bench_matmul_command(*app),
                                       bench_model_command(*app),   bench_patterns_command(*app)};
  app->footer(
      "Every figure stands beside its ceiling, measured in the same run, and the best of many\n"
      "tries counts.\n"
      "\n"
      "Examples:\n"
      "  fathom bench machine\n"
      "  fathom bench attention --head-dim 64 --depths 0,8192 --json");
  return {app, [suites] {
            for (const Command& suite : suites)
              if (suite.app->parsed()) return suite.run();
            return kDone;
          }};
}

}  // namespace fathom
