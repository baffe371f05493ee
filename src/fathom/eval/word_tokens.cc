#include "fathom/eval/word_tokens.h"

#include <algorithm>
#include <set>
#include <string_view>

namespace fathom {
namespace {

constexpr size_t kLeastLetters = 4, kMostLetters = 10;

bool is_word(std::string_view bytes) {
  if (!bytes.starts_with(' ')) return false;
  bytes.remove_prefix(1);
  return bytes.size() >= kLeastLetters && bytes.size() <= kMostLetters &&
         std::ranges::all_of(bytes, [](char c) { return c >= 'a' && c <= 'z'; });
}

}  // namespace

std::vector<TokenId> word_tokens(const Tokenizer& tokenizer, size_t most) {
  std::vector<TokenId> words;
  std::set<std::string_view> known;
  for (size_t i = 0; i < tokenizer.size() && words.size() < most; ++i) {
    const auto id = static_cast<TokenId>(i);
    if (tokenizer.kind(id) != TokenKind::normal) continue;
    const std::string_view bytes = tokenizer.bytes(id);
    if (is_word(bytes) && known.insert(bytes).second) words.push_back(id);
  }
  return words;
}

}  // namespace fathom
