#include "bench_flags.h"

#include <cstdio>
#include <utility>

#include "commit.h"
#include "fathom/bench/facts.h"
#include "model_flags.h"
#include "terminal.h"

namespace fathom {

void add_bench_flags(CLI::App& app, BenchFlags& flags) {
  app.add_option("-t,--threads", flags.threads, "Threads (default: one per core)")
      ->check(whole_number(1, 1024))
      ->envname("FATHOM_THREADS");
  app.add_option("--isa", flags.isa,
                 "Instruction set: auto, portable, avx2, avx2vnni, avx512, avx512bf16, neon "
                 "(default: auto)")
      ->envname("FATHOM_ISA");
  add_seconds_flag(app, flags.seconds);
  add_json_flag(app, flags.json);
}

void add_seconds_flag(CLI::App& app, double& seconds) {
  app.add_option("--seconds", seconds,
                 "How long each rate is tried; the best try counts (default: 0.3)")
      ->check(number("from 0 to 3600", [](double x) { return x >= 0 && x <= 3600; }));
}

void add_json_flag(CLI::App& app, bool& json) {
  app.add_flag("--json", json, "Print one JSON object; the lines go to standard error");
}

void add_numbers(CLI::App& app, const std::string& flag, std::vector<size_t>& numbers,
                 const std::string& help, uint64_t least, uint64_t most) {
  std::string fallback;
  for (const size_t number : numbers)
    fallback += (fallback.empty() ? "" : ",") + std::to_string(number);
  app.add_option(flag, numbers, help + " (default: " + fallback + ")")
      ->delimiter(',')
      ->check(whole_number(least, most));
}

Result<BenchMachine> BenchMachine::make(const BenchFlags& flags) {
  const auto isa = parse_isa(flags.isa);
  if (!isa.ok()) return Error{"--isa: " + isa.error().message};
  BenchMachine machine;
  machine.pool =
      std::make_unique<ThreadPool>(flags.threads == 0 ? available_cores() : flags.threads);
  machine.run.compute.isa = isa.value();
  machine.run.compute.pool = machine.pool.get();
  machine.run.seconds = flags.seconds;
  return machine;
}

void FigurePrinter::operator()(const Figure& figure) {
  figures_.push_back(figure);
  const std::string line = to_line(figure) + "\n";
  if (json_)
    std::fputs(line.c_str(), stderr);
  else if (printed_.ok())
    printed_ = print(line);
}

Status FigurePrinter::finish(std::string_view suite, const Compute& compute,
                             nlohmann::ordered_json settings) {
  if (!json_) return printed_;
  nlohmann::ordered_json report = {
      {"suite", suite}, {"version", FATHOM_VERSION}, {"commit", kCommit}};
  report.update(facts(compute));
  report["settings"] = std::move(settings);
  report["figures"] = nlohmann::ordered_json::array();
  for (const Figure& figure : figures_) report["figures"].push_back(to_json(figure));
  return print_json(report);
}

}  // namespace fathom
