// fathom info: what a model file is, in the terms that matter for long context.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "command.h"
#include "fathom/engine/model_store.h"
#include "fathom/kernels/panel.h"
#include "fathom/model/model.h"
#include "fathom/model/rope_of_model.h"
#include "fathom/text/chat_template.h"
#include "model_flags.h"
#include "terminal.h"

namespace fathom {
namespace {

using Json = nlohmann::ordered_json;

// One number where all layers agree, else one per layer.
template <class Field>
Json over_layers(const ModelSpec& spec, Field field) {
  std::vector<size_t> values;
  values.reserve(spec.layers.size());
  for (const LayerSpec& layer : spec.layers) values.push_back(field(layer.attention));
  const bool same = std::equal(values.begin() + 1, values.end(), values.begin());
  return same ? Json(values.front()) : Json(values);
}

size_t bf16_bytes_per_token(const AttentionSpec& attention) {
  return 2 * attention.kv_heads * value_block_bytes(Operand::bf16, attention.head_dim) / kBlock;
}

void describe_file(const gguf::File& file, Json& facts) {
  std::map<std::string, size_t> types;
  uint64_t parameters = 0;
  for (const gguf::Tensor& tensor : file.tensors()) {
    ++types[std::string(info(tensor.type).name)];
    parameters += tensor.elements();
  }
  facts["parameters"] = parameters;
  facts["file_bytes"] = file.file_bytes();
  facts["tensor_types"] = types;
}

void describe_attention(const ModelSpec& spec, Json& facts) {
  facts["layers"] = spec.layers.size();
  facts["width"] = spec.width;
  facts["trained_context"] = spec.trained_context;
  facts["rope_base"] = spec.rope_base;
  facts["rope_base_windowed"] =
      spec.rope_base_windowed ? Json(*spec.rope_base_windowed) : Json(nullptr);
  facts["rope_scaling"] = brief(spec.rope_scaling);
  facts["heads"] = over_layers(spec, [](const AttentionSpec& a) { return a.heads; });
  facts["kv_heads"] = over_layers(spec, [](const AttentionSpec& a) { return a.kv_heads; });
  facts["head_size"] = over_layers(spec, [](const AttentionSpec& a) { return a.head_dim; });
  std::vector<size_t> windowed;
  size_t window = 0;
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    const std::optional<size_t>& own = spec.layers[i].attention.window;
    if (!own) continue;
    window = *own;
    windowed.push_back(i);
  }
  facts["window"] = windowed.empty() ? Json(nullptr) : Json(window);
  facts["windowed_layers"] = windowed;
}

void describe_cache(const ModelSpec& spec, Json& facts) {
  size_t per_token = 0, within_windows = 0;
  for (const LayerSpec& layer : spec.layers) {
    const size_t bytes = bf16_bytes_per_token(layer.attention);
    const size_t seen = layer.attention.window.value_or(spec.trained_context);
    per_token += bytes;
    within_windows += bytes * std::min(seen, spec.trained_context);
  }
  facts["kv_bytes_per_token"] = per_token;
  facts["kv_bytes_at_trained_context"] = per_token * spec.trained_context;
  facts["kv_bytes_within_windows"] = within_windows;
}

Status describe_text(const gguf::File& file, Json& facts) {
  FATHOM_TRY(const Vocabulary vocabulary, read_vocabulary(file));
  facts["vocabulary"] = vocabulary.tokens.size();
  facts["tokenizer"] = vocabulary.model;
  facts["pre_tokenizer"] = vocabulary.pre.empty() ? Json(nullptr) : Json(vocabulary.pre);
  facts["begin_token"] = vocabulary.add_bos;
  FATHOM_TRY(const auto jinja, read_chat_template(file));
  const auto chat_template = ChatTemplate::recognise(jinja.value_or(""));
  facts["chat_template"] = !jinja               ? Json("none")
                           : chat_template.ok() ? Json(chat_template.value().name())
                                                : Json("not recognised");
  return {};
}

Result<Json> describe(const std::string& model) {
  FATHOM_TRY(const std::string path, resolve_model(model));
  FATHOM_TRY(const gguf::File file, gguf::File::open(path));
  FATHOM_TRY(const ModelSpec spec, read_spec(file));
  FATHOM_TRY(const std::string_view name, file.metadata().string_or("general.name", ""));
  Json facts = {{"path", path},
                {"gguf_version", file.version()},
                {"name", name},
                {"architecture", spec.architecture}};
  describe_file(file, facts);
  describe_attention(spec, facts);
  describe_cache(spec, facts);
  FATHOM_CHECK(describe_text(file, facts));
  return facts;
}

std::string for_people(const Json& value) {
  if (value.is_null()) return "none";
  if (value.is_string()) return printable(value.get<std::string>());
  if (value.is_number_unsigned()) return grouped(value.get<size_t>());
  if (!value.is_structured()) return value.dump();
  std::string text;
  for (const auto& [key, member] : value.items())
    text += (text.empty() ? "" : ", ") + (value.is_object() ? key + " " : "") + member.dump();
  return text.empty() ? "none" : text;
}

int show(const std::string& model, bool json) {
  const auto facts = describe(model);
  if (!facts.ok()) return failed(facts.error());
  std::string lines;
  for (const auto& [key, value] : facts.value().items()) {
    std::string label = key;
    std::replace(label.begin(), label.end(), '_', ' ');
    label.resize(28, ' ');
    lines += label + for_people(value) + "\n";
  }
  const Status printed = json ? print_json(facts.value()) : print(lines);
  return printed.ok() ? kDone : failed(printed.error());
}

}  // namespace

Command info_command(CLI::App& program) {
  const auto model = std::make_shared<std::string>();
  const auto json = std::make_shared<bool>(false);
  CLI::App* app = program.add_subcommand("info", "Show what a model file is");
  add_model_flag(*app, *model);
  app->add_flag("--json", *json, "Print one JSON object");
  app->footer(
      "The cache's bytes are those of bf16 keys and values: for one more token, for the whole\n"
      "trained context, and for that part of it that the layers' windows let a query see.\n"
      "\n"
      "Example:\n"
      "  fathom info -m gemma3-270m");
  return {app, [model, json] { return show(*model, *json); }};
}

}  // namespace fathom
