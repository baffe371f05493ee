#include "fathom/model/model.h"

#include <utility>

#include "fathom/model/architecture.h"

namespace fathom {

Result<ModelSpec> read_spec(const gguf::File& file) {
  FATHOM_TRY(const Architecture* architecture, find_architecture(file));
  FATHOM_TRY(ModelSpec spec, architecture->read(file));
  FATHOM_TRY(const auto tokens, file.metadata().strings("tokenizer.ggml.tokens"));
  if (tokens == nullptr) return Error{file.path() + ": key 'tokenizer.ggml.tokens' is missing"};
  spec.vocabulary = tokens->size();
  return spec;
}

std::vector<KvLayerShape> kv_shapes(const ModelSpec& spec) {
  std::vector<KvLayerShape> shapes;
  for (const LayerSpec& layer : spec.layers)
    shapes.push_back({layer.attention.kv_heads, layer.attention.head_dim});
  return shapes;
}

Result<std::unique_ptr<Model>> load_model(const std::string& path) {
  FATHOM_TRY(gguf::File file, gguf::File::open(path));
  FATHOM_TRY(ModelSpec spec, read_spec(file));
  FATHOM_TRY(ModelWeights weights, bind_weights(file, spec));
  FATHOM_TRY(Vocabulary vocabulary, read_vocabulary(file.metadata()));
  auto tokenizer = Tokenizer::create(std::move(vocabulary));
  if (!tokenizer.ok()) return Error{path + ": " + tokenizer.error().message};

  std::optional<std::string> chat_template;
  FATHOM_TRY(const auto jinja, file.metadata().string_or("tokenizer.chat_template", ""));
  if (!jinja.empty()) chat_template = std::string(jinja);
  return std::make_unique<Model>(Model{
      .file = std::move(file),
      .spec = std::move(spec),
      .weights = std::move(weights),
      .tokenizer = std::move(tokenizer).value(),
      .chat_template = std::move(chat_template),
  });
}

}  // namespace fathom
