// Text to token ids and back.
//
// encode() is linear in the text's length, with bounded stack, whatever the text. Text is text: the
// spelling of a control token inside it ("<|im_end|>") becomes ordinary tokens, never the control
// token; control tokens enter a prompt only by id (chat_template.h).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fathom/base/position.h"
#include "fathom/base/result.h"
#include "fathom/text/vocabulary.h"

namespace fathom {

class Tokenizer {
 public:
  // Errors: an unsupported tokenizer model or pre-tokenizer (naming those supported), no tokens,
  // ids out of range, arrays of differing lengths, spellings that are not UTF-8, merges that name
  // no token.
  static Result<std::unique_ptr<Tokenizer>> create(Vocabulary vocabulary);
  virtual ~Tokenizer() = default;
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  // Appends the tokens of `text`. Adds no begin or end token. `at_start`: the text begins the
  // prompt or follows a control token (SentencePiece's space prefix goes there). Error: text is not
  // UTF-8, with the offset of the first bad byte; longer than 1 GiB.
  virtual Status encode(std::string_view text, bool at_start, std::vector<TokenId>& out) const = 0;

  // The bytes that a token stands for in text; empty for control tokens. May be part of a
  // character.
  virtual std::string_view bytes(TokenId id) const = 0;

  // The id of a control or user-defined token by its spelling; of several, the first.
  std::optional<TokenId> find_special(std::string_view spelling) const;

  const Vocabulary& vocabulary() const { return vocabulary_; }
  size_t size() const { return vocabulary_.tokens.size(); }
  TokenKind kind(TokenId id) const;
  // Does generation stop at this token: end of text, of turn, of message?
  bool ends_generation(TokenId id) const;

  // bytes() of all, joined.
  std::string decode(const std::vector<TokenId>& ids) const;

 protected:
  explicit Tokenizer(Vocabulary vocabulary);
  // encode()'s errors.
  static Status check_text(std::string_view text);

 private:
  Vocabulary vocabulary_;
  std::unordered_map<std::string_view, TokenId> specials_;
  std::vector<bool> ends_;
};

}  // namespace fathom
