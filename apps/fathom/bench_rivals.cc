#include "bench_rivals.h"

#include "fathom/engine/model_store.h"

namespace fathom {

CLI::Option* add_rival_flags(CLI::App& app, RivalFlags& flags) {
  CLI::Option* rival =
      app.add_option("--rival", flags.programs,
                     "A llama-bench to run too, of llama.cpp or a fork of it; may be repeated")
          ->type_name("[NAME=]PATH")
          ->allow_extra_args(false);
  app.add_option("--rival-flash", flags.settings.flash,
                 "Its flash attention, off and on; the fastest counts (default: 0,1)")
      ->type_name("0|1")
      ->delimiter(',')
      ->check(CLI::IsMember({"0", "1"}));
  app.add_option("--rival-cache", flags.settings.caches,
                 "Its types of cache; the fastest counts (default: f16,bf16)")
      ->type_name("TYPE")
      ->delimiter(',');
  return rival;
}

void add_rival_kernel_flags(CLI::App& app, RivalFlags& flags) {
  CLI::Option* model = app.add_option(
      "-m,--model", flags.model, "Take the shapes of this model: a name, or a path to a GGUF file");
  add_rival_flags(app, flags)->needs(model);
  flags.settings.rounds = 3;
}

Result<std::vector<Rival>> open_rivals(const RivalFlags& flags) {
  std::vector<Rival> rivals;
  for (const std::string& program : flags.programs) {
    Result<Rival> rival = Rival::open(program);
    if (!rival.ok()) return Error{"--rival " + rival.error().message};
    rivals.push_back(std::move(*rival));
  }
  return rivals;
}

Result<std::unique_ptr<Model>> open_model(const std::string& name) {
  FATHOM_TRY(const std::string path, resolve_model(name));
  return load_model(path);
}

}  // namespace fathom
