// How a family of models writes a conversation. Each is one file of chats/, written as its models'
// published templates are (tokenizer_config.json on their model pages);
// tests/oracle/test_chat_template.py holds them to those templates.
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

// All, in the order in which they are asked: the first that recognises a template has it.
std::span<const ChatFamily* const> chat_families();

// What families share.

bool has(std::string_view jinja, std::string_view part);
// Without white space at the ends: Jinja's trim, Python's strip.
std::string_view trim(std::string_view text);
// Error: the turns are not the user's, the assistant's, the user's, and so on.
Status check_alternation(std::span<const Message> turns);
Error no_system();  // for a family without a place for a system message

}  // namespace fathom
