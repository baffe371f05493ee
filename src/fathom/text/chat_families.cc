// The families, each as its models' published templates write it (tokenizer_config.json on their
// model pages). tests/oracle/test_chat_template.py holds them to those templates.
#include <algorithm>
#include <array>

#include "fathom/text/chat_family.h"
#include "fathom/text/unicode.h"
#include "fathom/text/utf8.h"

namespace fathom {
namespace {

// Jinja's trim and Python's strip.
std::string_view trim(std::string_view text) {
  const auto is_space = [](char32_t c) {
    return char_class(c) == CharClass::space || (c >= 0x1c && c <= 0x1f);
  };
  size_t begin = text.size(), end = 0;
  if (find_invalid_utf8(text)) return text;  // an error when it is tokenized
  for (size_t offset = 0; offset < text.size();) {
    const size_t start = offset;
    if (is_space(next_code_point(text, offset))) continue;
    begin = std::min(begin, start);
    end = offset;
  }
  return end > begin ? text.substr(begin, end - begin) : std::string_view{};
}

// First the user, then the assistant, and so on; the template's own demand.
Status check_alternation(std::span<const Message> turns) {
  for (size_t i = 0; i < turns.size(); ++i) {
    const std::string_view expected = i % 2 == 0 ? "user" : "assistant";
    if (turns[i].role != expected)
      return Error{
          "this model's chat template wants messages that alternate between user and "
          "assistant; message " +
          std::to_string(i + 1) + " is the " + turns[i].role + "'s"};
  }
  return {};
}

Error no_system() {
  return {"this model's chat template has no place for a system message; put it into the question"};
}

bool has(std::string_view jinja, std::string_view part) {
  return jinja.find(part) != std::string_view::npos;
}
bool never(std::string_view /*jinja*/) { return false; }

// ---- ChatML: SmolLM2, Qwen 2 and 2.5, and many fine-tunes.

bool is_chatml(std::string_view jinja) {
  // Templates that write more than ChatML: reasoning, dates, other markers.
  for (const std::string_view other : {"<think>", "enable_thinking", "strftime_now", "<|im_sep|>"})
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

// ---- Qwen 3: ChatML that forgets the reasoning of earlier answers.

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

// ---- Llama 3, and 3.1 to 3.3 whose system message begins with two dates.

bool is_llama31(std::string_view jinja) {
  return has(jinja, "<|start_header_id|>") && has(jinja, "Cutting Knowledge Date: December 2023");
}
bool is_llama3(std::string_view jinja) {
  return has(jinja, "<|start_header_id|>") && has(jinja, "<|eot_id|>") && !has(jinja, "<think>");
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

// ---- Llama 2: a begin token before every question.

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
    std::string content = turn.content;
    if (i == 0 && conversation.system)
      content = "<<SYS>>\n" + *conversation.system + "\n<</SYS>>\n\n" + content;
    prompt.text("[INST] ").text(trim(content)).text(" [/INST]");
  }
  return {};
}

// ---- Gemma: 3 puts the system message before the first question, 2 has none.

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

// ---- Mistral: versions differ in their spaces and in where the system message goes.

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

// ---- Zephyr and TinyLlama: markers as text.

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

// ---- None: the messages' text, one behind the other.

Status write_none(const Conversation& conversation, PromptWriter& prompt) {
  if (conversation.system) prompt.text(*conversation.system);
  for (const Message& turn : conversation.turns) prompt.text(turn.content);
  return {};
}

// The first that recognises a template has it.
constexpr auto kFamilies = std::to_array<ChatFamily>({
    {"qwen3", false, is_qwen3, write_qwen3},
    {"chatml", false, is_chatml, write_chatml},
    {"llama3.1", true, is_llama31, write_llama31},
    {"llama3", true, is_llama3, write_llama3},
    {"llama2", true, is_llama2, write_llama2},
    {"gemma", true, is_gemma3, write_gemma},
    {"gemma2", true, is_gemma2, write_gemma2},
    {"mistral-v1", true, is_mistral1, write_mistral1},
    {"mistral-v1-spaced", true, is_mistral1_spaced, write_mistral1_spaced},
    {"mistral-v3", true, is_mistral3, write_mistral3},
    {"mistral-v3-tekken", true, is_mistral3_tekken, write_mistral3_tekken},
    {"mistral-v7", true, is_mistral7, write_mistral7},
    {"zephyr", false, is_zephyr, write_zephyr},
    {"none", false, never, write_none},
});

}  // namespace

std::span<const ChatFamily> chat_families() { return kFamilies; }

}  // namespace fathom
