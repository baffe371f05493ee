// Gemma 3, which puts the system message before the first question, and Gemma 2, which has none.
#include "fathom/text/chat_family.h"

namespace fathom::chats {
namespace {

bool is_gemma3(std::string_view jinja) {
  return has(jinja, "<start_of_turn>") && has(jinja, "first_user_prefix");
}
bool is_gemma2(std::string_view jinja) {
  return has(jinja, "<start_of_turn>") && has(jinja, "System role not supported");
}

Status write_gemma(const Conversation& conversation, PromptWriter& prompt) {
  FATHOM_CHECK(check_alternation(conversation.turns));
  for (size_t i = 0; i < conversation.turns.size(); ++i) {
    const Message& turn = conversation.turns[i];
    prompt.control("<start_of_turn>").text(turn.role == "assistant" ? "model" : turn.role);
    prompt.text("\n");
    if (i == 0 && conversation.system) prompt.text(*conversation.system).text("\n\n");
    prompt.text(trim(turn.content)).control("<end_of_turn>").text("\n");
  }
  prompt.control("<start_of_turn>").text("model\n");
  return {};
}

Status write_gemma2(const Conversation& conversation, PromptWriter& prompt) {
  if (conversation.system) return no_system();
  return write_gemma(conversation, prompt);
}

}  // namespace

extern const ChatFamily gemma{"gemma", true, is_gemma3, write_gemma};
extern const ChatFamily gemma2{"gemma2", true, is_gemma2, write_gemma2};

}  // namespace fathom::chats
