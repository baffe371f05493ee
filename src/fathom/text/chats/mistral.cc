// Mistral, whose versions differ in their spaces and in where the system message goes.
#include "fathom/text/chat_family.h"

namespace fathom::chats {
namespace {

struct MistralStyle {
  enum class System { none, first_question, last_question, own_marker };

  std::string_view before_open;  // text before [INST], behind it, before [/INST], before an answer
  std::string_view open;
  std::string_view close;
  std::string_view answer;
  System system;
};

Status write_mistral(const MistralStyle& style, const Conversation& conversation,
                     PromptWriter& prompt) {
  using System = MistralStyle::System;
  FATHOM_CHECK(check_alternation(conversation.turns));
  if (conversation.system && style.system == System::none) return no_system();
  if (conversation.system && style.system == System::own_marker) {
    prompt.marker("[SYSTEM_PROMPT]").text(" ").text(*conversation.system);
    prompt.marker("[/SYSTEM_PROMPT]");
  }
  for (size_t i = 0; i < conversation.turns.size(); ++i) {
    const Message& turn = conversation.turns[i];
    if (turn.role == "assistant") {
      prompt.text(style.answer).text(turn.content).end();
      continue;
    }
    prompt.text(style.before_open).marker("[INST]").text(style.open);
    const bool with_system =
        (style.system == System::first_question && i == 0) ||
        (style.system == System::last_question && i + 1 == conversation.turns.size());
    if (conversation.system && with_system) prompt.text(*conversation.system).text("\n\n");
    prompt.text(turn.content).text(style.close).marker("[/INST]");
  }
  return {};
}

bool is_mistral(std::string_view jinja, std::string_view open, std::string_view close) {
  return has(jinja, open) && has(jinja, close) && !has(jinja, "<<SYS>>") && !has(jinja, "[THINK]");
}

constexpr MistralStyle kMistral1{"", " ", " ", "", MistralStyle::System::none};
bool is_mistral1(std::string_view jinja) {
  return is_mistral(jinja, "'[INST] ' + message['content'] + ' [/INST]'",
                    "message['content'] + eos_token}}");
}
Status write_mistral1(const Conversation& conversation, PromptWriter& prompt) {
  return write_mistral(kMistral1, conversation, prompt);
}

constexpr MistralStyle kMistral1Spaced{" ", " ", " ", " ", MistralStyle::System::first_question};
bool is_mistral1_spaced(std::string_view jinja) {
  return is_mistral(jinja, "' [INST] ' + message['content'] + ' [/INST]'",
                    "' [INST] ' + system_message");
}
Status write_mistral1_spaced(const Conversation& conversation, PromptWriter& prompt) {
  return write_mistral(kMistral1Spaced, conversation, prompt);
}

constexpr MistralStyle kMistral3{"", " ", "", " ", MistralStyle::System::last_question};
bool is_mistral3(std::string_view jinja) {
  return is_mistral(jinja, R"("[INST] " + message["content"] + "[/INST]")", "loop.last and system");
}
Status write_mistral3(const Conversation& conversation, PromptWriter& prompt) {
  return write_mistral(kMistral3, conversation, prompt);
}

constexpr MistralStyle kMistral3Tekken{"", "", "", "", MistralStyle::System::last_question};
bool is_mistral3_tekken(std::string_view jinja) {
  return is_mistral(jinja, R"("[INST]" + message["content"] + "[/INST]")", "loop.last and system");
}
Status write_mistral3_tekken(const Conversation& conversation, PromptWriter& prompt) {
  return write_mistral(kMistral3Tekken, conversation, prompt);
}

constexpr MistralStyle kMistral7{"", " ", "", " ", MistralStyle::System::own_marker};
bool is_mistral7(std::string_view jinja) {
  return is_mistral(jinja, "'[INST] ' + message['content'] + '[/INST]'",
                    "'[SYSTEM_PROMPT] ' + message['content'] + '[/SYSTEM_PROMPT]'");
}
Status write_mistral7(const Conversation& conversation, PromptWriter& prompt) {
  return write_mistral(kMistral7, conversation, prompt);
}

}  // namespace

extern const ChatFamily mistral1{"mistral-v1", true, is_mistral1, write_mistral1};
extern const ChatFamily mistral1_spaced{"mistral-v1-spaced", true, is_mistral1_spaced,
                                        write_mistral1_spaced};
extern const ChatFamily mistral3{"mistral-v3", true, is_mistral3, write_mistral3};
extern const ChatFamily mistral3_tekken{"mistral-v3-tekken", true, is_mistral3_tekken,
                                        write_mistral3_tekken};
extern const ChatFamily mistral7{"mistral-v7", true, is_mistral7, write_mistral7};

}  // namespace fathom::chats
