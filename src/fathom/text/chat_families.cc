#include <algorithm>
#include <array>

#include "fathom/text/chat_family.h"
#include "fathom/text/unicode.h"
#include "fathom/text/utf8.h"

namespace fathom {
namespace chats {
extern const ChatFamily chatml, gemma, gemma2, llama2, llama3, llama31, mistral1, mistral1_spaced,
    mistral3, mistral3_tekken, mistral7, none, qwen3, zephyr;
}  // namespace chats

std::span<const ChatFamily* const> chat_families() {
  using namespace chats;
  static constexpr auto kFamilies = std::to_array<const ChatFamily*>(
      {&qwen3, &chatml, &llama31, &llama3, &llama2, &gemma, &gemma2, &mistral1, &mistral1_spaced,
       &mistral3, &mistral3_tekken, &mistral7, &zephyr, &none});
  return kFamilies;
}

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
}  // namespace fathom
