// fathom bench machine, attention, decode, matmul: what the kernels reach of what the machine can.
#include <memory>

#include "bench_commands.h"
#include "bench_flags.h"
#include "fathom/attention/spec.h"
#include "fathom/bench/attention.h"
#include "fathom/bench/machine.h"
#include "fathom/bench/matmul.h"
#include "model_flags.h"

namespace fathom {
namespace {

int done(const Status& status) { return status.ok() ? kDone : failed(status.error()); }

int machine(const BenchFlags& flags) {
  const auto machine = BenchMachine::make(flags);
  if (!machine.ok()) return misused(machine.error());
  FigurePrinter printer(flags.json);
  bench_machine(machine.value().run, std::ref(printer));
  return done(printer.finish("machine", machine.value().run.compute));
}

struct AttentionFlags {
  BenchFlags bench;
  AttentionBench shapes;
  std::vector<std::string> operands;
  std::string pattern = "full";
};

Status complete(AttentionFlags& flags) {
  auto pattern = parse_pattern(flags.pattern);
  if (!pattern.ok()) return Error{"--attn: " + pattern.error().message};
  flags.shapes.pattern = std::move(*pattern);
  if (!flags.operands.empty()) {
    FATHOM_TRY(flags.shapes.operands, choose("--precision", flags.operands, kOperands));
  }
  return check(flags.shapes);
}

using AttentionSuite = void (*)(const BenchRun&, const AttentionBench&, const FigureFn&);

int attention(std::string_view suite, AttentionSuite bench, AttentionFlags& flags) {
  const Status sound = complete(flags);
  if (!sound.ok()) return misused(sound.error());
  const auto machine = BenchMachine::make(flags.bench);
  if (!machine.ok()) return misused(machine.error());
  FigurePrinter printer(flags.bench.json);
  bench(machine.value().run, flags.shapes, std::ref(printer));
  return done(
      printer.finish(suite, machine.value().run.compute, {{"attn", flags.shapes.pattern->spec()}}));
}

void add_attention_flags(CLI::App& app, AttentionFlags& flags, std::vector<size_t> depths) {
  add_bench_flags(app, flags.bench);
  flags.shapes.depths = std::move(depths);
  add_numbers(app, "--head-dim", flags.shapes.head_dims, "Sizes of a head", 16, 256);
  add_numbers(app, "--depths", flags.shapes.depths, "Tokens before", 0, kMostTokens);
  app.add_option("--heads", flags.shapes.heads, "Query heads (default: 9)")
      ->check(whole_number(1, 1024));
  app.add_option("--kv-heads", flags.shapes.kv_heads, "KV heads (default: 3)")
      ->check(whole_number(1, 1024));
  app.add_option("--attn", flags.pattern,
                 "What a query sees: " + pattern_forms() + " (default: full)")
      ->type_name("SPEC");
  app.add_option("--precision", flags.operands,
                 "What products multiply in (default: " + names_of(flags.shapes.operands) + ")")
      ->type_name(names_of(kOperands, "|"))
      ->delimiter(',');
}

struct MatmulFlags {
  BenchFlags bench;
  MatmulBench shapes;
  std::vector<std::string> types, sizes, activations;
};

std::string lower(std::string_view text) {
  std::string copy(text);
  for (char& c : copy) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return copy;
}

Result<std::vector<DType>> parse_types(const std::vector<std::string>& texts) {
  std::vector<DType> types;
  for (const std::string& text : texts) {
    const size_t before = types.size();
    std::string valid;
    for (const DTypeInfo& type : all_dtypes()) {
      if (lower(text) == lower(type.name)) types.push_back(type.type);
      valid += (valid.empty() ? "" : ", ") + lower(type.name);
    }
    if (types.size() == before) return Error{"--types: no '" + text + "': one of " + valid};
  }
  return types;
}

Status complete(MatmulFlags& flags) {
  MatmulBench& shapes = flags.shapes;
  if (!flags.types.empty()) {
    FATHOM_TRY(shapes.types, parse_types(flags.types));
  }
  if (!flags.activations.empty()) {
    FATHOM_TRY(shapes.activations, choose("--precision", flags.activations, kActivations));
  }
  if (!flags.sizes.empty()) shapes.shapes.clear();
  for (const std::string& size : flags.sizes) {
    const auto shape = parse_shape(size);
    if (!shape.ok()) return Error{"--shapes: " + shape.error().message};
    shapes.shapes.push_back(shape.value());
  }
  return check(shapes);
}

int matmul(MatmulFlags& flags) {
  const Status sound = complete(flags);
  if (!sound.ok()) return misused(sound.error());
  const auto machine = BenchMachine::make(flags.bench);
  if (!machine.ok()) return misused(machine.error());
  FigurePrinter printer(flags.bench.json);
  bench_matmul(machine.value().run, flags.shapes, std::ref(printer));
  return done(printer.finish("matmul", machine.value().run.compute));
}

}  // namespace

Command bench_machine_command(CLI::App& bench) {
  const auto flags = std::make_shared<BenchFlags>();
  CLI::App* app = bench.add_subcommand("machine", "What this machine can do: one core, then all");
  add_bench_flags(*app, *flags);
  app->footer("Example:\n  fathom bench machine");
  return {app, [flags] { return machine(*flags); }};
}

Command bench_attention_command(CLI::App& bench) {
  const auto flags = std::make_shared<AttentionFlags>();
  CLI::App* app = bench.add_subcommand("attention", "Attention of a chunk, beside the peak");
  add_attention_flags(*app, *flags, {0, 4096, 8192, 32768, 131072});
  app->add_option("--tokens", flags->shapes.tokens, "Tokens in the chunk (default: 512)")
      ->check(whole_number(1, 1 << 20));
  app->footer("Example:\n  fathom bench attention --head-dim 64,128 --depths 8192,131072");
  return {app, [flags] { return attention("attention", bench_attention, *flags); }};
}

Command bench_decode_command(CLI::App& bench) {
  const auto flags = std::make_shared<AttentionFlags>();
  CLI::App* app =
      bench.add_subcommand("decode", "Attention of one query, beside the memory's bandwidth");
  add_attention_flags(*app, *flags, {4096, 32768, 131072});
  flags->shapes.tokens = 1;
  app->footer("Example:\n  fathom bench decode --head-dim 64 --depths 32768,131072");
  return {app, [flags] { return attention("decode", bench_decode, *flags); }};
}

Command bench_matmul_command(CLI::App& bench) {
  const auto flags = std::make_shared<MatmulFlags>();
  CLI::App* app = bench.add_subcommand("matmul", "Projections, beside peak and bandwidth");
  add_bench_flags(*app, flags->bench);
  app->add_option("--types", flags->types, "Types of the weights, as q4_0")
      ->type_name("TYPE")
      ->delimiter(',');
  app->add_option("--shapes", flags->sizes, "Shapes of the weights, as 1536x576")
      ->type_name("ROWSxCOLUMNS")
      ->delimiter(',');
  add_numbers(*app, "--tokens", flags->shapes.tokens, "Tokens that are multiplied at a time", 1,
              1 << 16);
  app->add_option(
         "--precision", flags->activations,
         "What activations are rounded to (default: " + names_of(flags->shapes.activations) + ")")
      ->type_name(names_of(kActivations, "|"))
      ->delimiter(',');
  app->footer("Example:\n  fathom bench matmul --types q4_0,q4_k --shapes 2048x2048 --tokens 512");
  return {app, [flags] { return matmul(*flags); }};
}

}  // namespace fathom
