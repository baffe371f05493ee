// fathom bench patterns: what each attention pattern costs, and how that grows.
#include <cerrno>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include <unistd.h>

#include "bench_commands.h"
#include "bench_flags.h"
#include "command.h"
#include "fathom/base/whole_file.h"
#include "fathom/bench/patterns.h"
#include "fathom/bench/plot_svg.h"
#include "model_flags.h"
#include "terminal.h"

namespace fathom {
namespace {

struct Flags {
  BenchFlags bench;
  PatternsBench patterns;
  std::string svg;
};

Status check(PatternsBench& bench) {
  if (bench.specs.empty()) bench.specs = typical_specs();
  for (const std::string& spec : bench.specs) {
    const auto map = parse_attention(spec);
    if (!map.ok()) return Error{"--attn: " + map.error().message};
    const std::vector<size_t> one_layer = {bench.heads};
    const Status there = map.value().check(one_layer);
    if (!there.ok()) return Error{"--attn: " + there.error().message};
  }
  if (bench.head_dim % 16 != 0)
    return Error{"--head-dim " + std::to_string(bench.head_dim) +
                 ": must be a multiple of 16 up to 256"};
  if (bench.kv_heads == 0 || bench.heads % bench.kv_heads != 0)
    return Error{"--heads " + std::to_string(bench.heads) + ": must be a multiple of --kv-heads " +
                 std::to_string(bench.kv_heads)};
  return {};
}

// A plot that cannot be written should be known before all is measured.
Status check_writable(const std::string& path) {
  if (path.empty()) return {};
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (::access(folder.empty() ? "." : folder.c_str(), W_OK | X_OK) == 0) return {};
  return Error{path + ": " + std::generic_category().message(errno)};
}

// Collects a curve for each pattern while figures come.
class Curves {
 public:
  void operator()(const Figure& figure) {
    if (figure.name != "patterns" || !figure.value) return;
    const auto name = figure.at["attn"].get<std::string>();
    if (plot_.series.empty() || find(name) == plot_.series.end())
      plot_.series.push_back({.name = name, .points = {}});
    find(name)->points.push_back({figure.at["tokens"].get<double>(), *figure.value});
  }
  std::string svg() const { return to_svg(plot_); }

 private:
  std::vector<Series>::iterator find(const std::string& name) {
    return std::ranges::find(plot_.series, name, &Series::name);
  }
  Plot plot_{.title = "Reading a text through one layer of attention",
             .y = {.label = "milliseconds", .ticks = Ticks::decades},
             .series = {}};
};

int bench(const Flags& flags) {
  PatternsBench patterns = flags.patterns;
  const Status sound = check(patterns);
  if (!sound.ok()) return misused(sound.error());
  const Status writable = check_writable(flags.svg);
  if (!writable.ok()) return failed(writable.error());
  auto machine = BenchMachine::make(flags.bench);
  if (!machine.ok()) return misused(machine.error());
  FigurePrinter printer(flags.bench.json);
  Curves curves;
  const Status measured = bench_patterns(machine.value().run, patterns, [&](const Figure& figure) {
    printer(figure);
    curves(figure);
  });
  if (!measured.ok()) return failed(measured.error());
  if (!flags.svg.empty()) {
    const Status written = write_whole_file(flags.svg, curves.svg());
    if (!written.ok()) return failed(written.error());
  }
  const Status shown = printer.finish("patterns", machine.value().run.compute,
                                      {{"heads", patterns.heads},
                                       {"kv_heads", patterns.kv_heads},
                                       {"head_dim", patterns.head_dim},
                                       {"chunk", patterns.chunk},
                                       {"seconds", flags.bench.seconds}});
  return shown.ok() ? kDone : failed(shown.error());
}

}  // namespace

Command bench_patterns_command(CLI::App& bench_app) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* app =
      bench_app.add_subcommand("patterns", "What attention patterns cost, beside full attention");
  add_bench_flags(*app, flags->bench);
  app->add_option("--attn", flags->patterns.specs,
                  "A pattern to measure; may be given again (default: every pattern that `fathom "
                  "patterns` lists, at everyday sizes)")
      ->type_name("SPEC")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  add_numbers(*app, "--lengths", flags->patterns.lengths, "Tokens of the texts", 64, kMostTokens);
  app->add_option("--heads", flags->patterns.heads, "Query heads (default: 9)")
      ->check(whole_number(1, 1024));
  app->add_option("--kv-heads", flags->patterns.kv_heads, "KV heads (default: 3)")
      ->check(whole_number(1, 1024));
  app->add_option("--head-dim", flags->patterns.head_dim, "Size of a head (default: 64)")
      ->check(whole_number(16, 256));
  app->add_option("--chunk", flags->patterns.chunk, "Tokens read at a time (default: 512)")
      ->check(whole_number(1, 1 << 20));
  app->add_option("--svg", flags->svg, "Write a plot of time against length to this file");
  app->footer(
      "Reads random texts, in which queries look for keys of their topic, through one layer of\n"
      "attention in chunks: appending, choosing, planning and attending are timed. `of_full` is\n"
      "the time divided by the share of full attention's that the scored pairs are; `selecting`\n"
      "the share of the time that choosing by content takes. `growth` is the fitted exponent of\n"
      "the time over the lengths.\n"
      "\n"
      "Examples:\n"
      "  fathom bench patterns --lengths 4096,16384,65536 --svg patterns.svg\n"
      "  fathom bench patterns --attn 'strided(stride=64)' --attn 'topk_blocks | sinks'");
  return {app, [flags] { return bench(*flags); }};
}

}  // namespace fathom
