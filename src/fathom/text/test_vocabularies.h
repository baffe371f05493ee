// Small hand-made vocabularies for the tests of this folder.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "fathom/text/byte_alphabet.h"
#include "fathom/text/utf8.h"
#include "fathom/text/vocabulary.h"

namespace fathom {

// The 256 bytes, then what the merges make; the pre-tokenizer is GPT-2's.
inline Vocabulary byte_bpe_vocabulary(std::vector<std::string> merges) {
  Vocabulary vocabulary;
  vocabulary.model = "gpt2";
  vocabulary.pre = "gpt-2";
  for (int byte = 0; byte < 256; ++byte)
    append_utf8(byte_letter(static_cast<uint8_t>(byte)), vocabulary.tokens.emplace_back());
  for (std::string joined : merges) {
    std::erase(joined, ' ');
    vocabulary.tokens.push_back(joined);
  }
  vocabulary.merges = std::move(merges);
  vocabulary.kinds.assign(vocabulary.tokens.size(), TokenKind::normal);
  return vocabulary;
}

// <unk>, <s>, </s>, the 256 bytes, a space, a to z, then `tokens`, the best first.
inline Vocabulary sentencepiece_vocabulary(const std::vector<std::string>& tokens) {
  Vocabulary vocabulary;
  vocabulary.model = "llama";
  vocabulary.add_space_prefix = true;
  const auto add = [&](std::string token, TokenKind kind, float score) {
    vocabulary.tokens.push_back(std::move(token));
    vocabulary.kinds.push_back(kind);
    vocabulary.scores.push_back(score);
  };
  add("<unk>", TokenKind::unknown, 0);
  add("<s>", TokenKind::control, 0);
  add("</s>", TokenKind::control, 0);
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (size_t byte = 0; byte < 256; ++byte)
    add(std::string("<0x") + kDigits[byte / 16] + kDigits[byte % 16] + ">", TokenKind::byte, 0);
  add("\u2581", TokenKind::normal, -1000);
  for (char c = 'a'; c <= 'z'; ++c) add(std::string(1, c), TokenKind::normal, -1000);
  for (size_t i = 0; i < tokens.size(); ++i)
    add(tokens[i], TokenKind::normal, -static_cast<float>(i));
  vocabulary.bos = 1;
  vocabulary.eos = 2;
  return vocabulary;
}

}  // namespace fathom
