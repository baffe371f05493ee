// The subcommands of `fathom bench`, a suite each.
#pragma once

#include "command.h"

namespace fathom {

Command bench_machine_command(CLI::App& bench);
Command bench_attention_command(CLI::App& bench);
Command bench_decode_command(CLI::App& bench);
Command bench_matmul_command(CLI::App& bench);
Command bench_model_command(CLI::App& bench);
Command bench_patterns_command(CLI::App& bench);

}  // namespace fathom
