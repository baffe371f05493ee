#include "fathom/text/scanners.h"

#include "fathom/text/unicode.h"
#include "fathom/text/utf8.h"

namespace fathom {
namespace {

// Reads one character after another; at the end of the text it stands on none.
class Reader {
 public:
  Reader(std::string_view text, size_t offset) : text_(text) { load(offset); }

  bool at_end() const { return begin_ == text_.size(); }
  size_t offset() const { return begin_; }
  void advance() { load(end_); }

  bool is(char32_t c) const { return !at_end() && c_ == c; }
  bool is_letter() const { return !at_end() && kind_ == CharClass::letter; }
  bool is_number() const { return !at_end() && kind_ == CharClass::number; }
  bool is_space() const { return !at_end() && kind_ == CharClass::space; }
  bool is_punctuation() const { return !at_end() && kind_ == CharClass::punctuation; }
  bool is_any_of(std::u32string_view set) const {
    return !at_end() && set.find(c_) != std::u32string_view::npos;
  }
  bool is_newline() const { return is('\r') || is('\n'); }
  // [^\s\p{L}\p{N}]
  bool is_other() const { return !at_end() && !is_letter() && !is_number() && !is_space(); }

  size_t behind(bool (Reader::*is_kind)() const) {
    while ((this->*is_kind)()) advance();
    return offset();
  }

 private:
  void load(size_t offset) {
    begin_ = end_ = offset;
    if (begin_ == text_.size()) return;
    c_ = next_code_point(text_, end_);
    kind_ = char_class(c_);
  }

  std::string_view text_;
  size_t begin_ = 0;
  size_t end_ = 0;
  char32_t c_ = 0;
  CharClass kind_ = CharClass::other;
};

// The length of 's, 't, 're, 've, 'm, 'll or 'd at `begin`, else 0. With `any_case` also in
// capitals and with the long s, which folds to s.
size_t contraction(std::string_view text, size_t begin, bool any_case) {
  const std::string_view rest = text.substr(begin + 1, 2);
  if (any_case && rest == "\u017f") return 3;
  const auto letter = [&](size_t i) {
    const char c = i < rest.size() ? rest[i] : '\0';
    return any_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  const char first = letter(0), second = letter(1);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
  if ((first == 'r' || first == 'v') && second == 'e') return 3;
  if (first == 'l' && second == 'l') return 3;
  return 0;
}

// \s+(?!\S)|\s+ : a run of white space, less its last character when a word follows.
size_t white_space_end(Reader at) {
  size_t last = at.offset(), count = 0;
  for (; at.is_space(); at.advance(), ++count) last = at.offset();
  return at.at_end() || count == 1 ? at.offset() : last;
}

// \s*[\r\n]+ : white space up to its last line break; `begin` where there is none.
size_t line_breaks_end(Reader at) {
  size_t end = at.offset();
  while (at.is_space()) {
    const bool newline = at.is_newline();
    at.advance();
    if (newline) end = at.offset();
  }
  return end;
}

size_t scan_words(std::string_view text, size_t begin, size_t max_digits) {
  const Reader first(text, begin);
  if (first.is('\'')) {
    if (const size_t length = contraction(text, begin, true)) return begin + length;
  }
  Reader word = first;
  if (!word.is_letter() && !word.is_number() && !word.is_newline()) word.advance();
  if (word.is_letter()) return word.behind(&Reader::is_letter);
  if (first.is_number()) {
    Reader number = first;
    for (size_t i = 0; i < max_digits && number.is_number(); ++i) number.advance();
    return number.offset();
  }
  Reader others = first;
  if (others.is(' ')) others.advance();
  if (others.is_other()) {
    others.behind(&Reader::is_other);
    return others.behind(&Reader::is_newline);
  }
  const size_t breaks = line_breaks_end(first);
  return breaks > begin ? breaks : white_space_end(first);
}

// The run of what `matches` or does not match, whichever begins here.
template <class Matches>
size_t scan_run(std::string_view text, size_t begin, Matches matches) {
  Reader at(text, begin);
  const bool inside = matches(at);
  while (!at.at_end() && matches(at) == inside) at.advance();
  return at.offset();
}

}  // namespace

size_t scan_gpt2(std::string_view text, size_t begin) {
  const Reader first(text, begin);
  if (first.is('\'')) {
    if (const size_t length = contraction(text, begin, false)) return begin + length;
  }
  Reader word = first;
  if (word.is(' ')) word.advance();
  if (word.is_letter()) return word.behind(&Reader::is_letter);
  if (word.is_number()) return word.behind(&Reader::is_number);
  if (word.is_other()) return word.behind(&Reader::is_other);
  return white_space_end(first);
}

size_t scan_llama3(std::string_view text, size_t begin) { return scan_words(text, begin, 3); }
size_t scan_qwen2(std::string_view text, size_t begin) { return scan_words(text, begin, 1); }

size_t scan_number(std::string_view text, size_t begin) {
  Reader at(text, begin);
  if (at.is_number()) {
    at.advance();
    return at.offset();
  }
  while (!at.at_end() && !at.is_number()) at.advance();
  return at.offset();
}

size_t scan_numbers(std::string_view text, size_t begin) {
  return scan_run(text, begin, [](const Reader& at) { return at.is_number(); });
}

size_t scan_symbols(std::string_view text, size_t begin) {
  return scan_run(text, begin, [](const Reader& at) {
    static constexpr std::u32string_view kAlso = U"$+<=>^~|";
    return at.is_punctuation() || at.is_any_of(kAlso);
  });
}

size_t scan_three_digits(std::string_view text, size_t begin) {
  const auto digit = [&](size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
  size_t at = begin;
  while (at < text.size() && !(digit(at) && digit(at + 1) && digit(at + 2))) ++at;
  return at == begin ? begin + 3 : at;
}

}  // namespace fathom
