// ChatML (SmolLM2, Qwen 2 and 2.5, many fine-tunes), and Qwen 3's kind of it.
#include <algorithm>

#include "fathom/text/chat_family.h"

namespace fathom::chats {
namespace {

bool is_chatml(std::string_view jinja) {
  // Templates that write more than ChatML: reasoning, dates, tools always, other markers.
  for (const std::string_view other : {"<think>", "enable_thinking", "strftime_now", "<|im_sep|>",
                                       "You are a function calling AI model"})
    if (has(jinja, other)) return false;
  return has(jinja, "<|im_start|>") && has(jinja, "<|im_end|>");
}

void write_chatml_message(std::string_view role, std::string_view content, PromptWriter& prompt) {
  prompt.control("<|im_start|>").text(role).text("\n").text(content);
  prompt.control("<|im_end|>").text("\n");
}

Status write_chatml(const Conversation& conversation, PromptWriter& prompt) {
  if (conversation.system) write_chatml_message("system", *conversation.system, prompt);
  for (const Message& turn : conversation.turns)
    write_chatml_message(turn.role, turn.content, prompt);
  prompt.control("<|im_start|>").text("assistant\n");
  return {};
}

// Qwen 3 forgets the reasoning of earlier answers.
bool is_qwen3(std::string_view jinja) {
  return has(jinja, "<|im_start|>") && has(jinja, "ns.last_query_index") &&
         has(jinja, "enable_thinking is false") &&
         has(jinja, "loop.index0 > ns.last_query_index") && !has(jinja, "render_content");
}

Status write_qwen3(const Conversation& conversation, PromptWriter& prompt) {
  static constexpr std::string_view kThought = "</think>";
  if (!conversation.turns.empty() && conversation.turns.back().role != "user")
    return Error{"the last message must be the user's"};
  if (conversation.system) write_chatml_message("system", *conversation.system, prompt);
  for (const Message& turn : conversation.turns) {
    std::string_view content = turn.content;
    const size_t thought = content.rfind(kThought);
    if (turn.role == "assistant" && thought != std::string_view::npos) {
      content.remove_prefix(thought + kThought.size());
      content.remove_prefix(std::min(content.find_first_not_of('\n'), content.size()));
    }
    write_chatml_message(turn.role, content, prompt);
  }
  prompt.control("<|im_start|>").text("assistant\n");
  return {};
}

}  // namespace

extern const ChatFamily chatml{"chatml", false, is_chatml, write_chatml};
extern const ChatFamily qwen3{"qwen3", false, is_qwen3, write_qwen3};

}  // namespace fathom::chats
