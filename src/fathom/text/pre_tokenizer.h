// Cuts text into the pieces within which a byte BPE merges: words, numbers, runs of symbols and of
// white space. Each model was trained with one way of cutting, which `tokenizer.ggml.pre` names.
//
// The published splits are regular expressions; here each is a scanner that looks at a character a
// bounded number of times, so that no text needs a deep stack or more than linear time.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "fathom/base/result.h"

namespace fathom {

// Defined in pre_tokenizer.cc: a named sequence of scanners.
struct PreTokenizerSpec;

class PreTokenizer {
 public:
  // By its name in tokenizer.ggml.pre. Error: unknown; lists those supported.
  static Result<PreTokenizer> named(std::string_view name);

  // Calls `piece` with every piece in order. They are never empty, and joined they are the text.
  // `text` is valid UTF-8.
  void split(std::string_view text, const std::function<void(std::string_view)>& piece) const;

  // A piece that is a token as it stands becomes that token, whatever the merges would make of it.
  bool whole_pieces_first() const;

 private:
  explicit PreTokenizer(const PreTokenizerSpec* spec) : spec_(spec) {}

  const PreTokenizerSpec* spec_;
};

}  // namespace fathom
