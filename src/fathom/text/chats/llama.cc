// Llama 3; 3.1 to 3.3, whose system message begins with two dates; Llama 2, which begins every
// question with a begin token.
#include "fathom/text/chat_family.h"

namespace fathom::chats {
namespace {

bool is_llama31(std::string_view jinja) {
  return has(jinja, "<|start_header_id|>") && has(jinja, "Cutting Knowledge Date: December 2023") &&
         has(jinja, R"("Today Date: " + date_string + "\n\n")");
}
bool is_llama3(std::string_view jinja) {
  return has(jinja, "<|start_header_id|>") && has(jinja, "<|eot_id|>") && !has(jinja, "<think>") &&
         !has(jinja, "function");
}

void write_llama3_message(std::string_view role, std::string_view content, PromptWriter& prompt) {
  prompt.control("<|start_header_id|>").text(role).control("<|end_header_id|>");
  prompt.text("\n\n").text(content).control("<|eot_id|>");
}

void write_llama3_turns(std::span<const Message> turns, PromptWriter& prompt) {
  for (const Message& turn : turns) write_llama3_message(turn.role, trim(turn.content), prompt);
  prompt.control("<|start_header_id|>").text("assistant").control("<|end_header_id|>").text("\n\n");
}

Status write_llama3(const Conversation& conversation, PromptWriter& prompt) {
  if (conversation.system) write_llama3_message("system", trim(*conversation.system), prompt);
  write_llama3_turns(conversation.turns, prompt);
  return {};
}

Status write_llama31(const Conversation& conversation, PromptWriter& prompt) {
  // The date is the template's own for when it cannot ask for today's: one prompt, one answer.
  std::string system = "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n";
  if (conversation.system) system += trim(*conversation.system);
  write_llama3_message("system", system, prompt);
  write_llama3_turns(conversation.turns, prompt);
  return {};
}

bool is_llama2(std::string_view jinja) { return has(jinja, "[INST]") && has(jinja, "<<SYS>>"); }

Status write_llama2(const Conversation& conversation, PromptWriter& prompt) {
  FATHOM_CHECK(check_alternation(conversation.turns));
  for (size_t i = 0; i < conversation.turns.size(); ++i) {
    const Message& turn = conversation.turns[i];
    if (turn.role == "assistant") {
      prompt.text(" ").text(trim(turn.content)).text(" ").end();
      continue;
    }
    if (i > 0) prompt.begin();
    std::string content;
    if (i == 0 && conversation.system)
      content.append("<<SYS>>\n").append(*conversation.system).append("\n<</SYS>>\n\n");
    content += turn.content;
    prompt.text("[INST] ").text(trim(content)).text(" [/INST]");
  }
  return {};
}

}  // namespace

extern const ChatFamily llama2{"llama2", true, is_llama2, write_llama2};
extern const ChatFamily llama3{"llama3", true, is_llama3, write_llama3};
extern const ChatFamily llama31{"llama3.1", true, is_llama31, write_llama31};

}  // namespace fathom::chats
