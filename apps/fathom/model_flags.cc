#include "model_flags.h"

#include <charconv>
#include <filesystem>
#include <system_error>
#include <utility>

#include "cache_flags.h"
#include "fathom/engine/head_patterns.h"
#include "fathom/engine/model_store.h"
#include "fathom/model/rope_of_model.h"

namespace fathom {
namespace {

// "full, window(size)": plug-ins with their parameters.
template <class Plugins>
std::string forms_of(const Plugins& plugins) {
  std::string forms;
  for (const auto* plugin : plugins) {
    forms += (forms.empty() ? "" : ", ") + std::string(plugin->name);
    std::string names;
    for (const ParameterInfo& parameter : plugin->parameters)
      names += (names.empty() ? "" : ", ") + std::string(parameter.name);
    if (!names.empty()) forms += "(" + names + ")";
  }
  return forms;
}

Result<Precision> parse_precision(std::string_view text) {
  std::string valid;
  for (const Precision precision : all_precisions()) {
    if (text == name(precision)) return precision;
    valid += (valid.empty() ? "" : ", ") + std::string(name(precision));
  }
  return Error{"no '" + std::string(text) + "': one of " + valid};
}

}  // namespace

std::string pattern_forms() { return forms_of(patterns::all()); }
std::string policy_forms() { return forms_of(policies::all()); }

CLI::Validator whole_number(uint64_t least, uint64_t most) {
  return CLI::Validator(
      [least, most](std::string& text) -> std::string {
        uint64_t number = 0;
        const char* end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data(), end, number);
        const bool plain = text.size() == 1 || text.front() != '0';
        if (error == std::errc() && stop == end && plain && number >= least && number <= most)
          return "";
        return "'" + text + "' is not a whole number from " + std::to_string(least) + " to " +
               std::to_string(most);
      },
      "");
}

CLI::Validator number(std::string range, bool (*within)(double)) {
  return CLI::Validator(
      [range = std::move(range), within](std::string& text) -> std::string {
        double value = 0;
        const char* end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data(), end, value);
        if (error == std::errc() && stop == end && within(value)) return "";
        return "'" + text + "' is not a number " + range;
      },
      "");
}

void add_model_flag(CLI::App& app, std::string& model) {
  app.add_option("-m,--model", model, "A pulled model's name, or a path to a GGUF file")
      ->required()
      ->envname("FATHOM_MODEL");
}

void add_model_flags(CLI::App& app, ModelFlags& flags) {
  add_model_flag(app, flags.model);
  app.add_option("-t,--threads", flags.threads, "Threads (default: one per core)")
      ->check(whole_number(1, 1024))
      ->envname("FATHOM_THREADS");
  app.add_option("--attn", flags.attention,
                 "What a query sees, like 'window(size=1024) | sinks' or 'even: model; odd: "
                 "streaming'; `|` joins, `&` narrows, `;` separates layers (0-3, even, odd, *) and "
                 "heads (heads 0,1); what is not named is as the model has it. Patterns: " +
                     pattern_forms() + " (default: model)")
      ->type_name("SPEC");
  app.add_option(
         "--kv", flags.kv,
         "How the cache stores keys and values, and which tokens it keeps: a type (f32, f16, "
         "bf16, q8, q4, or 'k=q8, v=q4'), a policy, or both: 'q4; snapkv(budget=4096)'. A "
         "budget is tokens for each layer and KV head, or a share of the text's (0.1). "
         "Policies: " +
             policy_forms() + " (default: as --precision has it; keep)")
      ->type_name("SPEC");
  app.add_option("--kv-split", flags.kv_split,
                 "How a budget is shared out over layers and heads: uniform, pyramid(beta=20), or "
                 "adaptive(floor=0.2) (default: uniform)")
      ->type_name("SPLIT");
  app.add_option(
         "--kv-ram", flags.kv_ram,
         "Most memory of the cache, as 500M or 1G: what is more lies in a file in Fathom's "
         "home folder and is read as it is needed, at the disk's speed (default: all of it)")
      ->check(byte_count())
      ->type_name("SIZE");
  app.add_option("--isa", flags.isa,
                 "Instruction set: auto, portable, avx2, avx2vnni, avx512, avx512bf16, neon "
                 "(default: auto)")
      ->envname("FATHOM_ISA");
  app.add_option("--precision", flags.precision,
                 "What products multiply in: f32; bf16: bf16, or 16-bit activations where the "
                 "instruction set has no bf16 products; "
                 "int8: as bf16, with queries and keys in 8 bits; fast: activations in 8 bits too "
                 "(default: bf16)")
      ->type_name("f32|bf16|int8|fast");
}

void add_rope_flag(CLI::App& app, std::string& rope) {
  app.add_option("--rope", rope,
                 "How positions beyond the trained context become angles, like 'yarn(factor=4)'; a "
                 "factor that is left out is what the context asks for. Scalings: " +
                     rope_forms() + " (default: auto, what the model file says)")
      ->type_name("SCALING");
}

Result<ModelSettings> check(const ModelFlags& flags) {
  ModelSettings settings;
  const auto isa = parse_isa(flags.isa);
  if (!isa.ok()) return Error{"--isa: " + isa.error().message};
  const auto precision = parse_precision(flags.precision);
  if (!precision.ok()) return Error{"--precision: " + precision.error().message};
  auto attention = parse_attention(flags.attention);
  if (!attention.ok()) return Error{"--attn: " + attention.error().message};
  settings.attention = std::move(*attention);
  const auto kv = parse_kv_spec(flags.kv);
  if (!kv.ok()) return Error{"--kv: " + kv.error().message};
  const auto split = parse_budget_split(flags.kv_split);
  if (!split.ok()) return Error{"--kv-split: " + split.error().message};
  settings.kv = {.spec = *kv, .split = *split};
  auto rope = parse_rope_scaling(flags.rope);
  if (!rope.ok()) return Error{"--rope: " + rope.error().message};
  settings.rope = std::move(*rope);
  if (!flags.kv_ram.empty()) {
    FATHOM_TRY(const uint64_t bytes, parse_bytes(flags.kv_ram));
    FATHOM_TRY(std::string folder, home_folder());
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    settings.kv.ram = {.bytes = bytes, .folder = std::move(folder)};
  }
  settings.engine = {.model = flags.model,
                     .threads = flags.threads,
                     .isa = isa.value(),
                     .precision = precision.value()};
  return settings;
}

Status check_attention(const PatternMap& attention, const Model& model) {
  const auto patterns = patterns_of(model.spec, attention);
  if (!patterns.ok()) return Error{"--attn: " + patterns.error().message};
  return {};
}

Status check_kv(const ModelSettings& settings, const Engine& engine) {
  const ModelSpec& spec = engine.model().spec;
  const auto compute = compute_for(engine.compute(), settings.kv.spec);
  if (!compute.ok()) return Error{"--kv: " + compute.error().message};
  const auto heads = patterns_of(spec, settings.attention);
  if (!heads.ok()) return Error{"--attn: " + heads.error().message};
  const Status sound = check_composition(spec, *heads, settings.kv.spec);
  if (!sound.ok()) return Error{"--attn and --kv: " + sound.error().message};
  const Policy& policy = *settings.kv.spec.policy;
  if (const auto reach = policy.reach()) {
    const auto span = static_cast<size_t>(reach->sinks + reach->recent);
    if (!check_rope_reach(spec, settings.rope, span).ok())
      return Error{"--kv: " + policy.spec() + " sees " + std::to_string(span) +
                   " tokens at once, more than the model was trained for; ask for fewer, or scale "
                   "positions, as by --rope yarn"};
  }
  const auto turned = with_rope(spec, settings.rope, spec.trained_context);
  if (!turned.ok()) return Error{"--rope: " + turned.error().message};
  const Status extends = check_extension(*turned, *heads, settings.kv.spec);
  return extends.ok() ? extends : Error{"--rope: " + extends.error().message};
}

Status check_rope(const RopeScaling& rope, const Model& model) {
  const auto settled = settle(rope, model.spec, model.spec.trained_context);
  return settled.ok() ? Status() : Error{"--rope: " + settled.error().message};
}

Status check_context(std::string_view flag, size_t tokens, const Model& model,
                     const RopeScaling& rope) {
  const Status reached = check_rope_reach(model.spec, rope, tokens);
  if (reached.ok()) return {};
  return Error{std::string(flag) + " " + std::to_string(tokens) + ": " + reached.error().message};
}

}  // namespace fathom
