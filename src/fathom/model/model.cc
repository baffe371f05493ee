#include "fathom/model/model.h"

#include <utility>

#include "fathom/model/architecture.h"
#include "fathom/model/rope_of_model.h"

namespace fathom {
namespace {

// The result, its error prefixed with the file it is about.
template <class T>
Result<T> about(const gguf::File& file, Result<T> result) {
  if (!result.ok()) return Error{file.path() + ": " + result.error().message};
  return result;
}

Result<ModelSpec> read_spec_unnamed(const gguf::File& file) {
  FATHOM_TRY(const Architecture* architecture, find_architecture(file));
  FATHOM_TRY(ModelSpec spec, architecture->read(file));
  FATHOM_TRY(const auto tokens, file.metadata().strings("tokenizer.ggml.tokens"));
  if (tokens == nullptr) return Error{"key 'tokenizer.ggml.tokens' is missing"};
  spec.vocabulary = tokens->size();
  return with_rope(spec, {}, spec.trained_context);
}

}  // namespace

Result<ModelSpec> read_spec(const gguf::File& file) { return about(file, read_spec_unnamed(file)); }

Result<std::unique_ptr<Tokenizer>> read_tokenizer(const gguf::File& file) {
  FATHOM_TRY(Vocabulary vocabulary, read_vocabulary(file));
  return about(file, Tokenizer::create(std::move(vocabulary)));
}

Result<std::optional<std::string>> read_chat_template(const gguf::File& file) {
  FATHOM_TRY(const auto jinja,
             about(file, file.metadata().string_or("tokenizer.chat_template", "")));
  return jinja.empty() ? std::nullopt : std::optional(std::string(jinja));
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
  FATHOM_TRY(ModelWeights weights, about(file, bind_weights(file, spec)));
  FATHOM_TRY(std::unique_ptr<Tokenizer> tokenizer, read_tokenizer(file));
  FATHOM_TRY(std::optional<std::string> chat_template, read_chat_template(file));
  return std::make_unique<Model>(Model{
      .file = std::move(file),
      .spec = std::move(spec),
      .weights = std::move(weights),
      .tokenizer = std::move(tokenizer),
      .chat_template = std::move(chat_template),
  });
}

}  // namespace fathom
