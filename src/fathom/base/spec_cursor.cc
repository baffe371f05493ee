#include "fathom/base/spec_cursor.h"

#include <algorithm>

namespace fathom {
namespace {

// The locale has no say in what a specification means.
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}
bool is_literal(char c) { return is_name(c) || c == '+' || c == '-' || c == '.'; }
bool is_utf8_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }
bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20) || c == 0x7f; }

}  // namespace

size_t SpecCursor::next() {
  while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  return at_;
}

bool SpecCursor::take(char c) {
  if (at_end() || text_[at_] != c) return false;
  ++at_;
  return true;
}

std::string_view SpecCursor::take_name() {
  const size_t begin = next();
  if (begin == text_.size() || is_digit(text_[begin])) return {};
  while (at_ < text_.size() && is_name(text_[at_])) ++at_;
  return text_.substr(begin, at_ - begin);
}

bool SpecCursor::take_word(std::string_view word) {
  const size_t begin = next();
  if (take_name() == word) return true;
  at_ = begin;
  return false;
}

std::string_view SpecCursor::take_digits() {
  const size_t begin = next();
  while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
  return text_.substr(begin, at_ - begin);
}

std::string_view SpecCursor::take_literal() {
  const size_t begin = next();
  while (at_ < text_.size() && is_literal(text_[at_])) ++at_;
  return text_.substr(begin, at_ - begin);
}

Error SpecCursor::error(size_t at, std::string_view message) const {
  std::string line(text_);
  std::ranges::replace_if(line, is_control, ' ');  // so that the text stays on one line
  const auto characters =
      at - static_cast<size_t>(std::ranges::count_if(text_.substr(0, at), is_utf8_continuation));
  return {std::string(message) + "\n  " + line + "\n  " + std::string(characters, ' ') + "^"};
}

Error SpecCursor::expected(std::string_view what) {
  return error(next(), "expected " + std::string(what));
}

}  // namespace fathom
