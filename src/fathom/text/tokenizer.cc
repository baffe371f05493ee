#include "fathom/text/tokenizer.h"

#include <algorithm>
#include <array>
#include <limits>

#include "fathom/text/byte_bpe.h"
#include "fathom/text/sentencepiece.h"
#include "fathom/text/utf8.h"

namespace fathom {
namespace {

constexpr size_t kMaxText = size_t{1} << 30;

// Control tokens that end a turn or a text, whether or not the vocabulary says so.
constexpr auto kEndings = std::to_array<std::string_view>(
    {"<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|endoftext|>", "<|end_of_text|>", "<|end|>",
     "<end_of_turn>", "<eos>", "</s>"});

Status check_length(std::string_view what, size_t length, size_t tokens) {
  if (length == 0 || length == tokens) return {};
  return Error{"the vocabulary has " + std::to_string(tokens) + " tokens but " +
               std::to_string(length) + " " + std::string(what)};
}

Status check_id(std::string_view what, std::optional<TokenId> id, size_t tokens) {
  if (!id || (*id >= 0 && static_cast<size_t>(*id) < tokens)) return {};
  return Error{"the " + std::string(what) + " token's id, " + std::to_string(*id) +
               ", is none of the vocabulary's " + std::to_string(tokens) + " tokens"};
}

Status check(const Vocabulary& vocabulary) {
  const size_t count = vocabulary.tokens.size();
  if (count == 0) return Error{"the vocabulary has no tokens"};
  if (count > size_t{std::numeric_limits<TokenId>::max()})
    return Error{"the vocabulary has too many tokens: " + std::to_string(count)};
  FATHOM_CHECK(check_length("scores", vocabulary.scores.size(), count));
  FATHOM_CHECK(check_length("token types", vocabulary.kinds.size(), count));
  FATHOM_CHECK(check_id("begin", vocabulary.bos, count));
  FATHOM_CHECK(check_id("end", vocabulary.eos, count));
  FATHOM_CHECK(check_id("end-of-turn", vocabulary.eot, count));
  FATHOM_CHECK(check_id("end-of-message", vocabulary.eom, count));
  FATHOM_CHECK(check_id("unknown", vocabulary.unknown, count));
  FATHOM_CHECK(check_id("padding", vocabulary.padding, count));
  for (size_t i = 0; i < vocabulary.kinds.size(); ++i) {
    const TokenKind kind = vocabulary.kinds[i];
    if (kind < TokenKind::normal || kind > TokenKind::byte)
      return Error{"token " + std::to_string(i) + " has type " +
                   std::to_string(static_cast<int>(kind)) + "; types are 1 to 6"};
  }
  for (size_t i = 0; i < count; ++i) {
    if (find_invalid_utf8(vocabulary.tokens[i]))
      return Error{"the spelling of token " + std::to_string(i) + " is not UTF-8"};
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> Tokenizer::create(Vocabulary vocabulary) {
  FATHOM_CHECK(check(vocabulary));
  if (vocabulary.model == "gpt2") return make_byte_bpe(std::move(vocabulary));
  if (vocabulary.model == "llama") return make_sentencepiece(std::move(vocabulary));
  return Error{"unsupported tokenizer model '" + vocabulary.model +
               "'; supported: gpt2 (byte-level BPE), llama (SentencePiece BPE)"};
}

Tokenizer::Tokenizer(Vocabulary vocabulary)
    : vocabulary_(std::move(vocabulary)), ends_(vocabulary_.tokens.size(), false) {
  for (size_t i = 0; i < size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const bool control = kind(id) == TokenKind::control;
    if (control || kind(id) == TokenKind::user_defined)
      specials_.emplace(vocabulary_.tokens[i], id);
    ends_[i] = control && std::ranges::find(kEndings, vocabulary_.tokens[i]) != kEndings.end();
  }
  for (const auto& id : {vocabulary_.eos, vocabulary_.eot, vocabulary_.eom})
    if (id) ends_[static_cast<size_t>(*id)] = true;
}

std::optional<TokenId> Tokenizer::find_special(std::string_view spelling) const {
  const auto found = specials_.find(spelling);
  return found == specials_.end() ? std::nullopt : std::optional(found->second);
}

TokenKind Tokenizer::kind(TokenId id) const {
  assert(id >= 0 && static_cast<size_t>(id) < size());
  return vocabulary_.kinds.empty() ? TokenKind::normal : vocabulary_.kinds[static_cast<size_t>(id)];
}

bool Tokenizer::ends_generation(TokenId id) const {
  assert(id >= 0 && static_cast<size_t>(id) < size());
  return ends_[static_cast<size_t>(id)];
}

std::string Tokenizer::decode(const std::vector<TokenId>& ids) const {
  std::string text;
  for (const TokenId id : ids) text += bytes(id);
  return text;
}

Status Tokenizer::check_text(std::string_view text) {
  if (text.size() > kMaxText)
    return Error{"a text of " + std::to_string(text.size()) + " bytes; at most " +
                 std::to_string(kMaxText) + " can be tokenized at once"};
  if (const auto offset = find_invalid_utf8(text))
    return Error{"the text is not UTF-8: bad byte at offset " + std::to_string(*offset)};
  return {};
}

}  // namespace fathom
