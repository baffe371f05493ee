// fathom rope: what a RoPE scaling does to a model's positions.
#include <memory>
#include <string>

#include "command.h"
#include "fathom/base/whole_file.h"
#include "fathom/engine/model_store.h"
#include "fathom/gguf/gguf.h"
#include "fathom/model/model.h"
#include "fathom/model/rope_of_model.h"
#include "model_flags.h"
#include "rope_report.h"
#include "terminal.h"
#include "text_file.h"

namespace fathom {
namespace {

struct Flags {
  std::string model;
  std::string rope = "auto";
  size_t context = 0;
  bool json = false;
  std::string svg;
};

Result<ModelSpec> read_model(const std::string& name) {
  FATHOM_TRY(const std::string path, resolve_model(name));
  FATHOM_TRY(const gguf::File file, gguf::File::open(path));
  return read_spec(file);
}

// Errors name the flag.
Result<RopeReport> report_of(const Flags& flags, const RopeScaling& scaling,
                             const ModelSpec& model) {
  const size_t context = flags.context == 0 ? rope_context(model, scaling, 0) : flags.context;
  const Status reached = check_rope_reach(model, scaling, context);
  if (!reached.ok()) return Error{"-c " + std::to_string(context) + ": " + reached.error().message};
  const auto scaled = with_rope(model, scaling, context);
  if (!scaled.ok()) return Error{"--rope: " + scaled.error().message};
  return RopeReport{.model = flags.model,
                    .asked = scaling.spec(),
                    .in_force = brief(scaled->rope_scaling),
                    .trained = model.trained_context,
                    .context = context,
                    .reach = rope_reach(model, scaling),
                    .notes = rope_notes(model, scaling, context),
                    .kinds = rope_kinds(*scaled)};
}

int show(const Flags& flags) {
  const auto scaling = parse_rope_scaling(flags.rope);
  if (!scaling.ok()) return misused({"--rope: " + scaling.error().message});
  const auto model = read_model(flags.model);
  if (!model.ok()) return failed(model.error());
  const auto report = report_of(flags, *scaling, *model);
  if (!report.ok()) return misused(report.error());
  if (!flags.svg.empty()) {
    const Status written = write_whole_file(flags.svg, to_svg(*report));
    if (!written.ok()) return failed(written.error());
  }
  const Status printed = flags.json ? print_json(to_json(*report)) : print(to_text(*report));
  return printed.ok() ? kDone : failed(printed.error());
}

}  // namespace

Command rope_command(CLI::App& program) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* app = program.add_subcommand("rope", "Show what a scaling does to a model's positions");
  add_model_flag(*app, flags->model);
  add_rope_flag(*app, flags->rope);
  app->add_option("-c,--ctx-size", flags->context,
                  "The context, in tokens (default: what the model was trained for, or --rope "
                  "reaches)")
      ->check(whole_number(1, kMostTokens));
  app->add_flag("--json", flags->json, "Print one JSON object");
  app->add_option("--svg", flags->svg, "Draw wavelengths into this file too")
      ->type_name("FILE")
      ->check(file_name());
  app->footer(
      "A pair of a head's elements turns by its frequency at each position; its wavelength is the\n"
      "tokens of a whole turn. `turns in training`: of the unscaled pair, in the trained context.\n"
      "\n"
      "Examples:\n"
      "  fathom rope -m smollm2-135m --rope 'yarn(factor=4)'\n"
      "  fathom rope -m smollm2-135m --rope dynamic_ntk -c 16384 --svg rope.svg");
  return {app, [flags] { return show(*flags); }};
}

}  // namespace fathom
