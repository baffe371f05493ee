// fathom bench matmul: projections alone, beside the peak and the memory's bandwidth.
#include <algorithm>
#include <cctype>
#include <memory>

#include "bench_commands.h"
#include "bench_flags.h"
#include "bench_rivals.h"
#include "fathom/bench/matmul.h"
#include "model_flags.h"

namespace fathom {
namespace {

struct Flags {
  BenchFlags bench;
  MatmulBench shapes;
  std::vector<std::string> types, sizes, activations;
  RivalFlags rivals;
};

std::string lower(std::string_view text) {
  std::string copy(text);
  for (char& c : copy) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return copy;
}

Result<DType> parse_type(const std::string& text) {
  std::string valid;
  for (const DTypeInfo& type : all_dtypes()) {
    if (lower(text) == lower(type.name)) return type.type;
    valid += (valid.empty() ? "" : ", ") + lower(type.name);
  }
  return Error{"--types: no '" + text + "': one of " + valid};
}

Status complete(Flags& flags) {
  MatmulBench& shapes = flags.shapes;
  if (!flags.types.empty()) shapes.types.clear();
  for (const std::string& text : flags.types) {
    FATHOM_TRY(const DType type, parse_type(text));
    shapes.types.push_back(type);
  }
  if (!flags.sizes.empty()) shapes.shapes.clear();
  for (const std::string& text : flags.sizes) {
    const auto shape = parse_shape(text);
    if (!shape.ok()) return Error{"--shapes: " + shape.error().message};
    shapes.shapes.push_back(shape.value());
  }
  if (!flags.activations.empty()) {
    FATHOM_TRY(shapes.activations, choose("--precision", flags.activations, kActivations));
  }
  return {};
}

// Those of the model's layers, each once.
void take_shapes(const Model& model, MatmulBench& shapes) {
  const auto add = [](auto& list, const auto& item) {
    if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(item);
  };
  shapes.types.clear();
  shapes.shapes.clear();
  for (const LayerWeights& layer : model.weights.layers) {
    for (const Weights* w : {&layer.query, &layer.key, &layer.value, &layer.output, &layer.gate,
                             &layer.up, &layer.down}) {
      add(shapes.types, w->type);
      add(shapes.shapes, MatmulShape{w->rows, w->cols});
    }
  }
}

// Fathom's figures, then the rivals', where a model is named.
Status measure(Flags& flags, const BenchRun& run, const FigureFn& each) {
  std::unique_ptr<Model> model;
  FATHOM_TRY(const std::vector<Rival> rivals, open_rivals(flags.rivals));
  if (!flags.rivals.model.empty()) {
    FATHOM_TRY(model, open_model(flags.rivals.model));
    take_shapes(*model, flags.shapes);
  }
  bench_matmul(run, flags.shapes, each);
  if (rivals.empty()) return {};
  flags.rivals.settings.threads = run.compute.pool->size();
  return bench_rival_kernels(RivalKernel::matmul, rivals, flags.rivals.settings, *model, {}, each);
}

int bench(Flags& flags) {
  const Status sound = complete(flags);
  if (!sound.ok()) return misused(sound.error());
  const auto machine = BenchMachine::make(flags.bench);
  if (!machine.ok()) return misused(machine.error());
  const Isa isa = machine.value().run.compute.isa;
  if (flags.activations.empty()) flags.shapes.activations = {default_activations(isa)};
  const Status possible = check(flags.shapes, isa);
  if (!possible.ok()) return misused(possible.error());
  FigurePrinter printer(flags.bench.json);
  const Status measured = measure(flags, machine.value().run, std::ref(printer));
  if (!measured.ok()) return failed(measured.error());
  const Status shown = printer.finish("matmul", machine.value().run.compute);
  return shown.ok() ? kDone : failed(shown.error());
}

}  // namespace

Command bench_matmul_command(CLI::App& bench_app) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* app = bench_app.add_subcommand("matmul", "Projections, beside peak and bandwidth");
  add_bench_flags(*app, flags->bench);
  app->add_option("--types", flags->types,
                  "Types of the weights (default: q4_0,q4_1,q8_0,q4_k,q6_k)")
      ->type_name("TYPE")
      ->delimiter(',');
  app->add_option("--shapes", flags->sizes,
                  "Shapes of the weights (default: those of widths 576 and 2048)")
      ->type_name("ROWSxCOLUMNS")
      ->delimiter(',');
  add_numbers(*app, "--tokens", flags->shapes.tokens, "Tokens that are multiplied at a time", 1,
              1 << 16);
  app->add_option(
         "--precision", flags->activations,
         "What activations are rounded to (default: " + names_of(flags->shapes.activations) + ")")
      ->type_name(names_of(kActivations, "|"))
      ->delimiter(',');
  add_rival_kernel_flags(*app, flags->rivals);
  app->footer(
      "Few tokens read weights from memory, and stand beside its bandwidth. The error is that of "
      "a\n"
      "few rows and tokens against double, over the same decoded weights.\n"
      "\n"
      "Example:\n"
      "  fathom bench matmul --types q4_0,q4_k --shapes 2048x2048 --tokens 512");
  return {app, [flags] { return bench(*flags); }};
}

}  // namespace fathom
