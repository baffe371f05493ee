// A loaded model: file, spec, weights, tokenizer and chat template in one owner.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "fathom/base/result.h"
#include "fathom/gguf/gguf.h"
#include "fathom/kv/cache.h"
#include "fathom/model/spec.h"
#include "fathom/model/weights.h"
#include "fathom/text/tokenizer.h"

namespace fathom {

struct Model {
  gguf::File file;
  ModelSpec spec;
  ModelWeights weights;
  std::unique_ptr<Tokenizer> tokenizer;
  std::optional<std::string> chat_template;  // Jinja source, where the file has one
};

// Errors name the file and what is wrong with it.
Result<std::unique_ptr<Model>> load_model(const std::string& path);

// The parts, for programs that need no weights. Errors as load_model()'s.
Result<ModelSpec> read_spec(const gguf::File& file);
Result<Vocabulary> read_vocabulary(const gguf::File& file);
Result<std::unique_ptr<Tokenizer>> read_tokenizer(const gguf::File& file);
Result<std::optional<std::string>> read_chat_template(const gguf::File& file);

std::vector<KvLayerShape> kv_shapes(const ModelSpec& spec);

}  // namespace fathom
