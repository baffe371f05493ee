// Finds what of a text ends with each of its tokens.
//
// A line break or a full stop, exclamation or question mark ends a sentence (headings and items of
// lists have no other end); an empty line ends a paragraph; two or more empty lines a section. What
// a token ends is known from the text up to it: the mark of a number such as 3.5 ends a sentence,
// too, where the token ends with it.
#pragma once

#include <cstddef>
#include <string_view>

#include "fathom/base/text_end.h"

namespace fathom {

class TextEnds {
 public:
  // Takes the bytes of the next token.
  TextEnd next(std::string_view bytes);

 private:
  size_t line_breaks_ = 0;  // at the end of the text so far, with blanks between them
};

}  // namespace fathom
