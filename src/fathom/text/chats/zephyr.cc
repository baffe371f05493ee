// Zephyr and TinyLlama, whose markers are text.
#include "fathom/text/chat_family.h"

namespace fathom::chats {
namespace {

bool is_zephyr(std::string_view jinja) {
  return has(jinja, "'<|user|>\n' + message['content'] + eos_token") ||
         has(jinja, "'<|user|>\\n' + message['content'] + eos_token");
}

Status write_zephyr(const Conversation& conversation, PromptWriter& prompt) {
  const auto write = [&](std::string_view role, std::string_view content) {
    prompt.text("<|").text(role).text("|>\n").text(content).end().text("\n");
  };
  if (conversation.system) write("system", *conversation.system);
  for (const Message& turn : conversation.turns) write(turn.role, turn.content);
  prompt.text("<|assistant|>\n");
  return {};
}

}  // namespace

extern const ChatFamily zephyr{"zephyr", false, is_zephyr, write_zephyr};

}  // namespace fathom::chats
