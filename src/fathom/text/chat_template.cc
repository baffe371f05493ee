#include "fathom/text/chat_template.h"

#include "fathom/text/chat_family.h"

namespace fathom {
namespace {

Error unknown_template(std::string what) {
  what += "; pass --chat-template NAME (";
  for (const ChatFamily* family : chat_families()) {
    if (family != chat_families().front()) what += ", ";
    what += family->name;
  }
  return {what + ") or --raw"};
}

// The text of the string literal of Jinja whose characters begin at `begin`, up to `quote`.
std::string read_literal(std::string_view jinja, size_t begin, char quote) {
  std::string text;
  for (size_t i = begin; i < jinja.size() && jinja[i] != quote; ++i) {
    if (jinja[i] == '\\' && i + 1 < jinja.size()) {
      ++i;
      text.push_back(jinja[i] == 'n' ? '\n' : jinja[i]);
    } else {
      text.push_back(jinja[i]);
    }
  }
  return text;
}

// The system message that a ChatML template itself holds, as one literal from marker to marker:
// '<|im_start|>system\nYou are ...<|im_end|>\n'.
std::optional<std::string> find_default_system(std::string_view jinja) {
  static constexpr std::string_view kOpen = "<|im_start|>system\n", kClose = "<|im_end|>";
  static constexpr std::string_view kStart = "<|im_start|>system";
  for (size_t at = jinja.find(kStart); at != std::string_view::npos;
       at = jinja.find(kStart, at + 1)) {
    if (at == 0 || (jinja[at - 1] != '\'' && jinja[at - 1] != '"')) continue;
    const std::string literal = read_literal(jinja, at, jinja[at - 1]);
    const size_t close = literal.find(kClose);
    if (literal.starts_with(kOpen) && close != std::string::npos && close > kOpen.size())
      return literal.substr(kOpen.size(), close - kOpen.size());
  }
  return std::nullopt;
}

Status check_roles(std::span<const Message> messages) {
  for (const Message& message : messages) {
    if (message.role != "system" && message.role != "user" && message.role != "assistant")
      return Error{"unknown role '" + message.role + "'; roles are system, user, assistant"};
  }
  return {};
}

}  // namespace

Result<ChatTemplate> ChatTemplate::recognise(std::string_view jinja) {
  if (jinja.empty()) return unknown_template("the model has no chat template");
  for (const ChatFamily* family : chat_families()) {
    if (!family->recognises(jinja)) continue;
    const bool writes_begin = jinja.find("bos_token") != std::string_view::npos;
    return ChatTemplate(family, writes_begin, find_default_system(jinja));
  }
  return unknown_template("the model's chat template is none that Fathom knows");
}

Result<ChatTemplate> ChatTemplate::named(std::string_view name) {
  for (const ChatFamily* family : chat_families())
    if (family->name == name) return ChatTemplate(family, family->writes_begin, std::nullopt);
  return unknown_template("unknown chat template '" + std::string(name) + "'");
}

std::vector<std::string_view> ChatTemplate::names() {
  std::vector<std::string_view> names;
  for (const ChatFamily* family : chat_families()) names.push_back(family->name);
  return names;
}

std::string_view ChatTemplate::name() const { return family_->name; }

Result<std::vector<TokenId>> ChatTemplate::render(const Tokenizer& tokenizer,
                                                  std::span<const Message> messages) const {
  FATHOM_CHECK(check_roles(messages));
  Conversation conversation{.system = default_system_, .turns = messages};
  if (!messages.empty() && messages.front().role == "system") {
    conversation.system = messages.front().content;
    conversation.turns = messages.subspan(1);
  }
  PromptWriter prompt(tokenizer);
  const Vocabulary& vocabulary = tokenizer.vocabulary();
  if (writes_begin_ || (vocabulary.add_bos && vocabulary.bos)) prompt.begin();
  FATHOM_CHECK(family_->write(conversation, prompt));
  return prompt.finish();
}

}  // namespace fathom
