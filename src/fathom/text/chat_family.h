// How each family of models writes a conversation: the parts that chat_template.cc is made of.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fathom/base/result.h"
#include "fathom/text/chat_template.h"

namespace fathom {

// A prompt in the making: control tokens and stretches of text, which are tokenized whole.
class PromptWriter {
 public:
  explicit PromptWriter(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

  PromptWriter& text(std::string_view text);
  // The control token with this spelling.
  PromptWriter& control(std::string_view spelling);
  // A marker that newer vocabularies of the family have as a control token, and older ones as text.
  PromptWriter& marker(std::string_view spelling);
  PromptWriter& begin();  // the vocabulary's begin token
  PromptWriter& end();    // its end token

  // Error: a control token that the vocabulary lacks; text that is not UTF-8.
  Result<std::vector<TokenId>> finish();

 private:
  PromptWriter& token(std::optional<TokenId> id, std::string_view what);
  void flush();

  const Tokenizer& tokenizer_;
  std::vector<TokenId> ids_;
  std::string pending_;  // text behind ids_
  Status status_;        // the first thing that went wrong
};

struct Conversation {
  std::optional<std::string> system;
  std::span<const Message> turns;  // the others
};

struct ChatFamily {
  std::string_view name;
  bool writes_begin;  // before everything, unless the model's template says otherwise
  // Is this Jinja source one of the family's?
  bool (*recognises)(std::string_view jinja);
  // Writes everything behind the begin token.
  Status (*write)(const Conversation& conversation, PromptWriter& prompt);
};

std::span<const ChatFamily> chat_families();

}  // namespace fathom
