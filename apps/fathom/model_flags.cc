#include "model_flags.h"

#include <charconv>
#include <map>
#include <system_error>
#include <utility>

#include "fathom/attention/spec.h"

namespace fathom {
namespace {

std::map<std::string, Precision> precision_names() {
  std::map<std::string, Precision> names;
  for (const Precision precision : all_precisions()) names.emplace(name(precision), precision);
  return names;
}

}  // namespace

std::string pattern_forms() {
  std::string forms;
  for (const PatternPlugin* pattern : patterns::all()) {
    forms += (forms.empty() ? "" : ", ") + std::string(pattern->name);
    std::string names;
    for (const ParameterInfo& parameter : pattern->parameters)
      names += (names.empty() ? "" : ", ") + std::string(parameter.name);
    if (!names.empty()) forms += "(" + names + ")";
  }
  return forms;
}

CLI::Validator whole_number(uint64_t least, uint64_t most) {
  return CLI::Validator(
      [least, most](std::string& text) -> std::string {
        uint64_t number = 0;
        const char* end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data(), end, number);
        if (error == std::errc() && stop == end && number >= least && number <= most) return "";
        return "'" + text + "' is not a whole number from " + std::to_string(least) + " to " +
               std::to_string(most);
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
                 "What a query sees, within the model's own windows: " + pattern_forms() +
                     " (default: full)")
      ->type_name("SPEC");
  app.add_option("--isa", flags.isa,
                 "Instruction set: auto, portable, avx2, avx512, avx512bf16 (default: auto)")
      ->envname("FATHOM_ISA");
  app.add_option("--precision", flags.precision,
                 "What products multiply in: f32; bf16: attention in bf16, projections in f32; "
                 "fast: all in bf16 (default: bf16)")
      ->transform(CLI::CheckedTransformer(precision_names()).description(""))
      ->type_name("f32|bf16|fast");
}

Result<ModelSettings> check(const ModelFlags& flags) {
  ModelSettings settings;
  const auto isa = parse_isa(flags.isa);
  if (!isa.ok()) return Error{"--isa: " + isa.error().message};
  auto attention = parse_pattern(flags.attention);
  if (!attention.ok()) return Error{"--attn: " + attention.error().message};
  settings.attention = std::move(*attention);
  settings.engine = {.model = flags.model,
                     .threads = flags.threads,
                     .isa = isa.value(),
                     .precision = flags.precision};
  return settings;
}

}  // namespace fathom
