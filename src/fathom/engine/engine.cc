#include "fathom/engine/engine.h"

#include <utility>

#include "fathom/engine/model_store.h"

namespace fathom {

Result<std::unique_ptr<Engine>> Engine::load(const EngineOptions& options) {
  FATHOM_TRY(const std::string path, resolve_model(options.model));
  FATHOM_TRY(std::unique_ptr<Model> model, load_model(path));
  return std::unique_ptr<Engine>(new Engine(options, std::move(model)));
}

Engine::Engine(const EngineOptions& options, std::unique_ptr<Model> model)
    : pool_(options.threads == 0 ? available_cores() : options.threads),
      compute_{.isa = options.isa, .operand = options.operand, .pool = &pool_},
      model_(std::move(model)) {}

}  // namespace fathom
