// What pre-tokenizers ask about a character: is it a letter, a number, white space?
//
// Classes are Unicode's general categories L*, N*, P* and its property White_Space. The table is
// generated: make_unicode_table.py, which names the version of Unicode.
#pragma once

#include <cstdint>
#include <span>

namespace fathom {

enum class CharClass : uint8_t { other, letter, number, punctuation, space };

CharClass char_class(char32_t code_point);

// Code points first..last are of one class. What no range holds is `other`.
struct CharRange {
  char32_t first;
  char32_t last;
  CharClass kind;
};
std::span<const CharRange> char_ranges();  // ascending

}  // namespace fathom
