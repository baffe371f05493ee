// A long text to hide needles in, cut at the ends of sentences.
//
// A sentence ends with a full stop, question or exclamation mark and what closes behind it, where
// white space follows and the mark belongs to no initial ("J. Smith") or number that begins a line
// ("1. Definitions"); or with an empty line. One of more than 1,000 bytes, as in a log or a table,
// is cut between words. A text that is too short is read again from its beginning.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fathom/base/result.h"
#include "fathom/eval/task.h"

namespace fathom {

class Haystack {
 public:
  // Of the given texts, one after the other; where there is none, of the licences that a Debian
  // system has in /usr/share/common-licenses. Errors: a text that is not UTF-8 or has no words; no
  // licences.
  static Result<Haystack> of(std::span<const EvalText> texts);

  size_t sentences() const { return sentences_.size(); }

  // Sentence `i` of the endless text, white space behind it included: a space at least.
  std::string_view sentence(size_t i) const { return sentences_[i % sentences_.size()]; }

  // The first `count` words, a space apart, as sentences; the last may be cut.
  std::vector<std::string> first_words(size_t count) const;

 private:
  explicit Haystack(std::vector<std::string> sentences) : sentences_(std::move(sentences)) {}

  std::vector<std::string> sentences_;
};

// Where a sentence of `text` that begins at `begin` ends: behind the white space that follows it.
size_t sentence_end(std::string_view text, size_t begin);

}  // namespace fathom
