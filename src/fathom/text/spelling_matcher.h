// Finds the tokens that a text spells out whole (a vocabulary's user-defined tokens): the leftmost,
// and of those that begin together the longest.
//
// A trie: each byte of the text starts a walk no longer than the longest spelling.
#pragma once

#include <bitset>
#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "fathom/base/position.h"

namespace fathom {

class SpellingMatcher {
 public:
  struct Match {
    size_t begin;  // the text's size when there is none
    size_t end;
    TokenId id;
  };

  // `spelling` is not empty. Of tokens with one spelling, the first counts.
  void add(std::string_view spelling, TokenId id);
  Match next(std::string_view text, size_t offset) const;

 private:
  static uint64_t edge(uint32_t node, char byte) {
    return uint64_t{node} << 8 | static_cast<uint8_t>(byte);
  }

  std::bitset<256> first_bytes_;
  std::unordered_map<uint64_t, uint32_t> edges_;  // node 0 is the root
  std::unordered_map<uint32_t, TokenId> ids_;     // of the nodes where a spelling ends
};

}  // namespace fathom
