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
#include <vector>

#include "fathom/base/position.h"
#include "fathom/base/result.h"
#include "fathom/text/vocabulary.h"

namespace fathom {

class Tokenizer {
 public:
  // Errors: an unsupported tokenizer model or pre-tokenizer (naming those supported), ids out of
  // range, arrays of differing lengths, merges that name no token.
  static Result<std::unique_ptr<Tokenizer>> create(Vocabulary vocabulary);
  virtual ~Tokenizer() = default;

  // Appends the tokens of `text`. Adds no begin or end token. `at_start`: the text begins the
  // prompt or follows a control token (SentencePiece's space prefix goes there). Error: text is not
  // UTF-8, with the offset of the first bad byte.
  virtual Status encode(std::string_view text, bool at_start, std::vector<TokenId>& out) const = 0;

  // The bytes that a token stands for in text; empty for control tokens. May be part of a
  // character.
  virtual std::string_view bytes(TokenId id) const = 0;

  // The id of a control or user-defined token by its spelling.
  virtual std::optional<TokenId> find_special(std::string_view spelling) const = 0;

  const Vocabulary& vocabulary() const { return vocabulary_; }
  size_t size() const { return vocabulary_.tokens.size(); }
  TokenKind kind(TokenId id) const;
  // Does generation stop at this token: end of text, of turn, of message?
  bool ends_generation(TokenId id) const;

  // bytes() of all, joined.
  std::string decode(const std::vector<TokenId>& ids) const;

 protected:
  explicit Tokenizer(Vocabulary vocabulary);

 private:
  Vocabulary vocabulary_;
  std::vector<bool> ends_;
};

}  // namespace fathom
