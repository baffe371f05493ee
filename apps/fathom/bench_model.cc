// fathom bench model: a whole model at depths of context, beside its floor and other engines.
#include <memory>
#include <string>

#include "bench_commands.h"
#include "bench_flags.h"
#include "bench_rivals.h"
#include "fathom/bench/model.h"
#include "model_flags.h"

namespace fathom {
namespace {

struct Flags {
  ModelFlags model;
  ModelBench bench;
  RivalFlags rivals;
  std::string fill = "random";
  bool json = false;
};

nlohmann::ordered_json settings_of(const Engine& engine, const Flags& flags) {
  nlohmann::ordered_json rivals = nlohmann::ordered_json::array();
  for (const Rival& rival : flags.bench.rivals) rivals.push_back(rival.name());
  return {{"model", flags.model.model},
          {"precision", name(engine.precision())},
          {"attn", flags.bench.attention.spec()},
          {"kv", flags.bench.kv.spec()},
          {"prefill_tokens", kPrefillTokens},
          {"decode_tokens", kDecodeTokens},
          {"rounds", flags.bench.rounds},
          {"fill", name(flags.bench.fill)},
          {"rivals", rivals}};
}

int bench(Flags& flags) {
  const auto settings = check(flags.model);
  if (!settings.ok()) return misused(settings.error());
  const auto fill = choose("--fill", {flags.fill}, kFills);
  if (!fill.ok()) return misused(fill.error());
  auto rivals = open_rivals(flags.rivals);
  if (!rivals.ok()) return failed(rivals.error());
  flags.bench.fill = fill.value().front();
  flags.bench.attention = settings.value().attention;
  flags.bench.kv = settings.value().kv.spec;
  if (flags.bench.kv.policy->budget() || flags.bench.kv.policy->reach())
    return misused({"--kv: a depth is all of the text; give a type alone, without a policy"});
  flags.bench.rivals = std::move(*rivals);
  flags.bench.rival = flags.rivals.settings;
  const auto engine = Engine::load(settings.value().engine);
  if (!engine.ok()) return failed(engine.error());
  const Status there = check_attention(flags.bench.attention, engine.value()->model());
  if (!there.ok()) return misused(there.error());
  FigurePrinter printer(flags.json);
  const Status measured = bench_model(*engine.value(), flags.bench, std::ref(printer));
  if (!measured.ok()) return failed(measured.error());
  const Status shown =
      printer.finish("model", engine.value()->compute(), settings_of(*engine.value(), flags));
  return shown.ok() ? kDone : failed(shown.error());
}

}  // namespace

Command bench_model_command(CLI::App& bench_app) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* app = bench_app.add_subcommand("model", "A model at depths, beside its floor");
  add_model_flags(*app, flags->model);
  add_numbers(*app, "--depths", flags->bench.depths, "Tokens before", 0, kMostTokens);
  app->add_option("--rounds", flags->bench.rounds, "How often; the best counts (default: 3)")
      ->check(whole_number(1, 1000));
  app->add_option("--fill", flags->fill,
                  "How a depth is reached: read that many tokens, or fill the cache with random "
                  "numbers, on which time does not depend (default: random)")
      ->type_name(names_of(kFills, "|"));
  add_seconds_flag(*app, flags->bench.seconds);
  add_json_flag(*app, flags->json);
  add_rival_flags(*app, flags->rivals);
  app->footer(
      "Prefill is the rate of reading 512 tokens behind each depth, decode the time of each of "
      "32.\n"
      "Their floor is arithmetic: operations at the machine's peak, bytes at its memory's rate.\n"
      "\n"
      "Examples:\n"
      "  fathom bench model -m smollm2-135m --depths 0,8192,131072\n"
      "  fathom bench model -m smollm2-135m --rival llama.cpp=/path/to/llama-bench --json");
  return {app, [flags] { return bench(*flags); }};
}

}  // namespace fathom
