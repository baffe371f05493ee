#include "fathom/text/spelling_matcher.h"

namespace fathom {

void SpellingMatcher::add(std::string_view spelling, TokenId id) {
  first_bytes_.set(static_cast<uint8_t>(spelling.front()));
  uint32_t node = 0;
  for (const char byte : spelling) {
    const auto fresh = static_cast<uint32_t>(edges_.size() + 1);
    node = edges_.emplace(edge(node, byte), fresh).first->second;
  }
  ids_.emplace(node, id);
}

SpellingMatcher::Match SpellingMatcher::next(std::string_view text, size_t offset) const {
  for (size_t begin = offset; begin < text.size(); ++begin) {
    if (!first_bytes_[static_cast<uint8_t>(text[begin])]) continue;
    Match longest{text.size(), text.size(), -1};
    uint32_t node = 0;
    for (size_t i = begin; i < text.size(); ++i) {
      const auto step = edges_.find(edge(node, text[i]));
      if (step == edges_.end()) break;
      node = step->second;
      const auto found = ids_.find(node);
      if (found != ids_.end()) longest = {begin, i + 1, found->second};
    }
    if (longest.id >= 0) return longest;
  }
  return {text.size(), text.size(), -1};
}

}  // namespace fathom
