#include "fathom/engine/engine.h"

#include <array>
#include <utility>

#include "fathom/engine/model_store.h"

namespace fathom {

namespace {

Activations activations_of(Precision precision, Isa isa) {
  switch (precision) {
    case Precision::f32:
      return Activations::f32;
    case Precision::bf16:
    case Precision::int8:
      return default_activations(isa);
    case Precision::fast:
      return multiplies_bytes(isa) ? Activations::int8 : Activations::int16;
  }
  return Activations::f32;
}

Operand operand_of(Precision precision, Isa isa) {
  if (precision == Precision::f32) return Operand::f32;
  return precision == Precision::bf16 || !multiplies_bytes(isa) ? Operand::bf16 : Operand::int8;
}

}  // namespace

std::string_view name(Precision precision) {
  switch (precision) {
    case Precision::f32:
      return "f32";
    case Precision::bf16:
      return "bf16";
    case Precision::int8:
      return "int8";
    case Precision::fast:
      return "fast";
  }
  return "?";
}

std::span<const Precision> all_precisions() {
  static constexpr std::array kAll = {Precision::f32, Precision::bf16, Precision::int8,
                                      Precision::fast};
  return kAll;
}

Result<std::unique_ptr<Engine>> Engine::load(const EngineOptions& options) {
  FATHOM_TRY(const std::string path, resolve_model(options.model));
  FATHOM_TRY(std::unique_ptr<Model> model, load_model(path));
  return std::unique_ptr<Engine>(new Engine(options, std::move(model)));
}

Engine::Engine(const EngineOptions& options, std::unique_ptr<Model> model)
    : pool_(options.threads == 0 ? available_cores() : options.threads),
      compute_{.isa = options.isa,
               .operand = operand_of(options.precision, options.isa),
               .activations = activations_of(options.precision, options.isa),
               .pool = &pool_},
      precision_(options.precision),
      model_(std::move(model)) {}

}  // namespace fathom
