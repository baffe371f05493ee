// What a tokenizer is made from: a model file's vocabulary, merges, scores and flags.
//
// text/ does not know file formats: model/ fills this from GGUF's tokenizer.ggml.* keys.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fathom/base/position.h"

namespace fathom {

// GGUF's tokenizer.ggml.token_type.
enum class TokenKind : uint8_t {
  normal = 1,
  unknown = 2,
  control = 3,
  user_defined = 4,
  unused = 5,
  byte = 6,
};

struct Vocabulary {
  std::string model;  // tokenizer.ggml.model: "gpt2" (byte BPE), "llama" (SentencePiece BPE)
  std::string pre;    // tokenizer.ggml.pre: which pre-tokenizer a byte BPE uses
  std::vector<std::string> tokens;
  std::vector<float> scores;        // SentencePiece: per token
  std::vector<TokenKind> kinds;     // empty: all normal
  std::vector<std::string> merges;  // byte BPE: "left right", best first
  std::optional<TokenId> bos, eos, eot, eom, unknown, padding;
  bool add_bos = false;
  bool add_eos = false;
  bool add_space_prefix = false;
  bool remove_extra_whitespaces = false;
};

}  // namespace fathom
