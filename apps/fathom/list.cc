// fathom list: the models that can be pulled, and which are there.
#include <memory>

#include "command.h"
#include "fathom/engine/model_store.h"
#include "terminal.h"

namespace fathom {
namespace {

int list(bool json) {
  const auto folder = models_folder();
  if (!folder.ok()) return failed(folder.error());
  auto models = nlohmann::ordered_json::array();
  std::string lines;
  for (const KnownModel& model : known_models()) {
    const std::string name(model.name);
    const bool pulled = is_pulled(model);
    nlohmann::ordered_json entry = {{"name", name}, {"pulled", pulled}, {"bytes", model.bytes}};
    if (pulled) entry["path"] = folder.value() + "/" + std::string(model.file);
    models.push_back(entry);
    lines += (pulled ? "* " : "  ") + name +
             std::string(name.size() < 16 ? 16 - name.size() : 1, ' ') + human_bytes(model.bytes) +
             "  " + std::string(model.summary) + "\n";
  }
  lines += "* is in " + printable(folder.value()) + "; fathom pull NAME gets another\n";
  const Status printed = json ? print_json(models) : print(lines);
  return printed.ok() ? kDone : failed(printed.error());
}

}  // namespace

Command list_command(CLI::App& program) {
  const auto json = std::make_shared<bool>(false);
  CLI::App* app = program.add_subcommand("list", "List the models that have names");
  app->add_flag("--json", *json, "Print a JSON array");
  return {app, [json] { return list(*json); }};
}

}  // namespace fathom
