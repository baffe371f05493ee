// tokenizer.ggml.* keys -> Vocabulary.
#include "fathom/model/model.h"

namespace fathom {
namespace {

Status read_id(const gguf::Metadata& metadata, std::string_view name, size_t tokens,
               std::optional<TokenId>& out) {
  const std::string key = "tokenizer.ggml." + std::string(name) + "_token_id";
  if (metadata.find(key) == nullptr) return {};
  FATHOM_TRY(const uint64_t id, metadata.integer(key));
  if (id >= tokens)
    return Error{"key '" + key + "': " + std::to_string(id) + " is not one of the vocabulary's " +
                 std::to_string(tokens) + " tokens"};
  out = static_cast<TokenId>(id);
  return {};
}

Status read_kinds(const gguf::Metadata& metadata, std::vector<TokenKind>& out) {
  constexpr std::string_view kKey = "tokenizer.ggml.token_type";
  FATHOM_TRY(const auto kinds, metadata.integers(kKey));
  if (!kinds) return {};
  out.reserve(kinds->size());
  for (const int64_t kind : *kinds) {
    if (kind < 1 || kind > 6)
      return Error{"key '" + std::string(kKey) + "': " + std::to_string(kind) +
                   " is no token type; 1 to 6 are"};
    out.push_back(static_cast<TokenKind>(kind));
  }
  return {};
}

Status read_flags(const gguf::Metadata& metadata, Vocabulary& vocabulary) {
  // What a file leaves out follows its tokenizer's habit: SentencePiece models begin with a begin
  // token and a space, byte BPE models with neither.
  const bool sentencepiece = vocabulary.model == "llama";
  FATHOM_TRY(vocabulary.add_bos,
             metadata.boolean_or("tokenizer.ggml.add_bos_token", sentencepiece));
  FATHOM_TRY(vocabulary.add_eos, metadata.boolean_or("tokenizer.ggml.add_eos_token", false));
  FATHOM_TRY(vocabulary.add_space_prefix,
             metadata.boolean_or("tokenizer.ggml.add_space_prefix", sentencepiece));
  FATHOM_TRY(vocabulary.remove_extra_whitespaces,
             metadata.boolean_or("tokenizer.ggml.remove_extra_whitespaces", false));
  if (vocabulary.pre == "llama-bpe" && metadata.find("tokenizer.ggml.add_bos_token") == nullptr)
    vocabulary.add_bos = true;  // Llama 3's first conversions did not say so
  return {};
}

Result<Vocabulary> read(const gguf::Metadata& metadata) {
  Vocabulary vocabulary;
  FATHOM_TRY(vocabulary.model, metadata.string("tokenizer.ggml.model"));
  FATHOM_TRY(vocabulary.pre, metadata.string_or("tokenizer.ggml.pre", "default"));
  FATHOM_TRY(const auto tokens, metadata.strings("tokenizer.ggml.tokens"));
  if (tokens == nullptr) return Error{"key 'tokenizer.ggml.tokens' is missing"};
  vocabulary.tokens.assign(tokens->begin(), tokens->end());
  FATHOM_TRY(const auto merges, metadata.strings("tokenizer.ggml.merges"));
  if (merges != nullptr) vocabulary.merges.assign(merges->begin(), merges->end());
  FATHOM_TRY(const auto scores, metadata.numbers("tokenizer.ggml.scores"));
  if (scores) vocabulary.scores.assign(scores->begin(), scores->end());
  FATHOM_CHECK(read_kinds(metadata, vocabulary.kinds));
  FATHOM_CHECK(read_flags(metadata, vocabulary));

  const size_t count = vocabulary.tokens.size();
  FATHOM_CHECK(read_id(metadata, "bos", count, vocabulary.bos));
  FATHOM_CHECK(read_id(metadata, "eos", count, vocabulary.eos));
  FATHOM_CHECK(read_id(metadata, "eot", count, vocabulary.eot));
  FATHOM_CHECK(read_id(metadata, "eom", count, vocabulary.eom));
  FATHOM_CHECK(read_id(metadata, "unknown", count, vocabulary.unknown));
  FATHOM_CHECK(read_id(metadata, "padding", count, vocabulary.padding));
  return vocabulary;
}

}  // namespace

Result<Vocabulary> read_vocabulary(const gguf::File& file) {
  auto vocabulary = read(file.metadata());
  if (!vocabulary.ok()) return Error{file.path() + ": " + vocabulary.error().message};
  return vocabulary;
}

}  // namespace fathom
