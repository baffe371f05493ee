// fathom bench attention, decode: attention alone, beside the peak and the memory's bandwidth.
#include <array>
#include <memory>

#include "bench_commands.h"
#include "bench_flags.h"
#include "bench_rivals.h"
#include "fathom/attention/spec.h"
#include "fathom/bench/attention.h"
#include "model_flags.h"

namespace fathom {
namespace {

struct Flags {
  BenchFlags bench;
  AttentionBench shapes;
  std::vector<std::string> operands;
  std::vector<std::string> kv;
  std::string pattern = "full";
  RivalFlags rivals;
};

struct Suite {
  std::string_view name;
  void (*bench)(const BenchRun&, const AttentionBench&, const FigureFn&);
  RivalKernel rival;
};
constexpr std::array kKvTypes = {KvType::f32, KvType::f16, KvType::bf16, KvType::q8, KvType::q4};
constexpr Suite kAttention = {"attention", bench_attention, RivalKernel::attention};
constexpr Suite kDecode = {"decode", bench_decode, RivalKernel::decode};

Status complete(Flags& flags) {
  auto pattern = parse_pattern(flags.pattern);
  if (!pattern.ok()) return Error{"--attn: " + pattern.error().message};
  flags.shapes.pattern = std::move(*pattern);
  if (!flags.operands.empty()) {
    FATHOM_TRY(flags.shapes.operands, choose("--precision", flags.operands, kOperands));
  }
  if (!flags.kv.empty()) {
    FATHOM_TRY(const std::vector<KvType> types, choose("--kv", flags.kv, kKvTypes));
    flags.shapes.kv.clear();
    for (const KvType type : types) flags.shapes.kv.push_back({type, type});
  }
  return {};
}

// Those of the model's first layer.
void take_shapes(const Model& model, AttentionBench& shapes) {
  const AttentionSpec& layer = model.spec.layers.front().attention;
  shapes.head_dims = {layer.head_dim};
  shapes.heads = layer.heads;
  shapes.kv_heads = layer.kv_heads;
}

// Fathom's figures, then the rivals', where a model is named.
Status measure(const Suite& suite, Flags& flags, const BenchRun& run, const FigureFn& each) {
  std::unique_ptr<Model> model;
  FATHOM_TRY(const std::vector<Rival> rivals, open_rivals(flags.rivals));
  if (!flags.rivals.model.empty()) {
    FATHOM_TRY(model, open_model(flags.rivals.model));
    take_shapes(*model, flags.shapes);
  }
  suite.bench(run, flags.shapes, each);
  if (rivals.empty()) return {};
  flags.rivals.settings.threads = run.compute.pool->size();
  return bench_rival_kernels(suite.rival, rivals, flags.rivals.settings, *model,
                             flags.shapes.depths, each);
}

int bench(const Suite& suite, Flags& flags) {
  const Status sound = complete(flags);
  if (!sound.ok()) return misused(sound.error());
  const auto machine = BenchMachine::make(flags.bench);
  if (!machine.ok()) return misused(machine.error());
  const Status possible = check(flags.shapes, machine.value().run.compute.isa);
  if (!possible.ok()) return misused(possible.error());
  FigurePrinter printer(flags.bench.json);
  const Status measured = measure(suite, flags, machine.value().run, std::ref(printer));
  if (!measured.ok()) return failed(measured.error());
  const Status shown = printer.finish(suite.name, machine.value().run.compute,
                                      {{"heads", flags.shapes.heads},
                                       {"kv_heads", flags.shapes.kv_heads},
                                       {"tokens", flags.shapes.tokens},
                                       {"attn", flags.shapes.pattern->spec()}});
  return shown.ok() ? kDone : failed(shown.error());
}

void add_flags(CLI::App& app, Flags& flags, std::vector<size_t> depths) {
  add_bench_flags(app, flags.bench);
  flags.shapes.depths = std::move(depths);
  add_numbers(app, "--head-dim", flags.shapes.head_dims, "Sizes of a head", 16, 256);
  add_numbers(app, "--depths", flags.shapes.depths, "Tokens before", 0, kMostTokens);
  app.add_option("--heads", flags.shapes.heads, "Query heads (default: 9)")
      ->check(whole_number(1, 1024));
  app.add_option("--kv-heads", flags.shapes.kv_heads, "KV heads (default: 3)")
      ->check(whole_number(1, 1024));
  app.add_option("--attn", flags.pattern,
                 "What a query sees, of every head, like 'window(size=1024) | sinks'. Patterns: " +
                     pattern_forms() + " (default: full)")
      ->type_name("SPEC");
  app.add_option("--precision", flags.operands,
                 "What products multiply in (default: " + names_of(flags.shapes.operands) + ")")
      ->type_name(names_of(kOperands, "|"))
      ->delimiter(',');
  app.add_option(
         "--kv", flags.kv,
         "How whole blocks of keys and values are stored (default: as --precision has them)")
      ->type_name(names_of(kKvTypes, "|"))
      ->delimiter(',');
  add_rival_kernel_flags(app, flags.rivals);
}

}  // namespace

Command bench_attention_command(CLI::App& bench_app) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* app = bench_app.add_subcommand("attention", "Attention of a chunk, beside the peak");
  add_flags(*app, *flags, {0, 4096, 8192, 32768, 131072});
  app->add_option("--tokens", flags->shapes.tokens, "Tokens in the chunk (default: 512)")
      ->check(whole_number(1, 1 << 20));
  app->footer(
      "A causal chunk behind each depth, its planning included. A scored pair of a head costs\n"
      "4 * head size operations. The error is that of a few queries against double.\n"
      "\n"
      "Examples:\n"
      "  fathom bench attention --head-dim 64,128 --depths 8192,131072\n"
      "  fathom bench attention -m smollm2-135m --depths 8192 --rival /path/to/llama-bench");
  return {app, [flags] { return bench(kAttention, *flags); }};
}

Command bench_decode_command(CLI::App& bench_app) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* app =
      bench_app.add_subcommand("decode", "Attention of one query, beside the memory's bandwidth");
  add_flags(*app, *flags, {4096, 32768, 131072});
  flags->shapes.tokens = 1;
  app->footer(
      "One query behind each depth, over keys and values that lie in no cache of the CPU.\n"
      "\n"
      "Example:\n"
      "  fathom bench decode --head-dim 64 --depths 32768,131072 --kv bf16,q8,q4");
  return {app, [flags] { return bench(kDecode, *flags); }};
}

}  // namespace fathom
