// A place in a specification text: takes names, literals and punctuation off the front, and makes
// errors that point at a character.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "fathom/base/result.h"

namespace fathom {

class SpecCursor {
 public:
  // `text` must outlive this.
  explicit SpecCursor(std::string_view text) : text_(text) {}

  // Offset of the next character that is not white space; text.size() at the end.
  size_t next();
  bool at_end() { return next() == text_.size(); }

  // What comes next, '\0' at the end.
  char peek() { return at_end() ? '\0' : text_[at_]; }
  // Takes `c` if it comes next.
  bool take(char c);
  // Letters, digits and '_', not beginning with a digit; empty if none comes next.
  std::string_view take_name();
  // Takes `word` if it is the name that comes next.
  bool take_word(std::string_view word);
  // Digits, as many as come next; may be empty.
  std::string_view take_digits();
  // All up to white space or punctuation: a number, however badly written; may be empty.
  std::string_view take_literal();

  // "<message>", the text, and a line with a caret under the character at offset `at`.
  Error error(size_t at, std::string_view message) const;
  // "expected <what>", pointing at what comes next.
  Error expected(std::string_view what);

 private:
  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace fathom
