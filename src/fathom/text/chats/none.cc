// No template: the messages' text, one behind the other. Chosen by name alone.
#include "fathom/text/chat_family.h"

namespace fathom::chats {
namespace {

bool is_none(std::string_view /*jinja*/) { return false; }

Status write_none(const Conversation& conversation, PromptWriter& prompt) {
  if (conversation.system) prompt.text(*conversation.system);
  for (const Message& turn : conversation.turns) prompt.text(turn.content);
  return {};
}

}  // namespace

extern const ChatFamily none{"none", false, is_none, write_none};

}  // namespace fathom::chats
