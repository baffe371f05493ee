// Chat templates: messages to the prompt that an instruction-tuned model was trained on.
//
// A model's metadata carries its template as Jinja source. Fathom recognises the families it
// supports by what their templates say and writes their prompts itself, so that control tokens come
// from the template alone and the text of a message is always text.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fathom/base/result.h"
#include "fathom/text/tokenizer.h"

namespace fathom {

struct Message {
  std::string role;  // "system", "user", "assistant"
  std::string content;
};

// Defined in chat_family.h: how one family writes a conversation.
struct ChatFamily;

class ChatTemplate {
 public:
  // The family whose template this Jinja source is. Error: none; lists what may be passed instead.
  static Result<ChatTemplate> recognise(std::string_view jinja);
  // By name: "chatml", "llama3", "gemma", ...; "none" is the messages' text and nothing else.
  // Error: unknown; lists all.
  static Result<ChatTemplate> named(std::string_view name);
  static std::vector<std::string_view> names();

  std::string_view name() const;

  // The prompt for these messages and the opening of the assistant's answer, begin token included
  // where the model wants one. Error: the vocabulary lacks one of the family's control tokens, or a
  // role the family has no place for.
  Result<std::vector<TokenId>> render(const Tokenizer& tokenizer,
                                      std::span<const Message> messages) const;

 private:
  ChatTemplate(const ChatFamily* family, bool writes_begin,
               std::optional<std::string> default_system)
      : family_(family), writes_begin_(writes_begin), default_system_(std::move(default_system)) {}

  const ChatFamily* family_;
  bool writes_begin_;
  std::optional<std::string> default_system_;  // spoken when the messages bring no system message
};

}  // namespace fathom
