#include "fathom/eval/haystack.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "fathom/base/file_mapping.h"
#include "fathom/text/utf8.h"

namespace fathom {
namespace {

constexpr size_t kLongestSentence = 1000;  // bytes
constexpr std::string_view kSpace = " \t\r\n\f\v";
constexpr std::string_view kFolder = "/usr/share/common-licenses/";
constexpr auto kLicences =
    std::to_array<std::string_view>({"GPL-3", "GFDL-1.3", "LGPL-2.1", "MPL-2.0", "GPL-2", "MPL-1.1",
                                     "Apache-2.0", "GPL-1", "CC0-1.0", "Artistic"});

bool is_space(char c) { return kSpace.find(c) != std::string_view::npos; }

// The first place from `begin` on that is no white space.
size_t skip_space(std::string_view text, size_t begin) {
  return std::min(text.find_first_not_of(kSpace, begin), text.size());
}

bool has_empty_line(std::string_view space) { return std::ranges::count(space, '\n') >= 2; }

// Does the word before the full stop at `dot` name rather than end: a letter ("J. Smith"), or a
// number that begins the sentence or a line ("1. Definitions")?
bool is_label(std::string_view text, size_t begin, size_t dot) {
  size_t first = dot;
  while (first > begin && !is_space(text[first - 1])) --first;
  const std::string_view word = text.substr(first, dot - first);
  const bool begins = first == begin || text[first - 1] == '\n';
  const bool number = word.find_first_not_of("0123456789.()") == std::string_view::npos;
  return number ? begins : word.size() == 1;
}

// Do a mark that ends a sentence, and what closes behind it, end before `end`?
bool marks_end(std::string_view text, size_t begin, size_t end) {
  size_t last = end;
  while (last > begin && std::string_view("\"')]").find(text[last - 1]) != std::string_view::npos)
    --last;
  if (last == begin) return false;
  const char mark = text[last - 1];
  return mark == '!' || mark == '?' || (mark == '.' && !is_label(text, begin, last - 1));
}

Result<std::vector<EvalText>> licences() {
  std::vector<EvalText> texts;
  for (const std::string_view name : kLicences) {
    const std::string path = std::string(kFolder) + std::string(name);
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(path, ignored)) continue;
    FATHOM_TRY(std::string text, read_file(path));
    texts.push_back({.name = path, .text = std::move(text)});
  }
  if (texts.empty())
    return Error{
        "there is no text to hide anything in: give one with -f (this system has none of "
        "the licences of " +
        std::string(kFolder) + " that are taken otherwise)"};
  return texts;
}

Status append_sentences(const EvalText& given, std::vector<std::string>& sentences) {
  const std::string_view text = given.text;
  if (const auto bad = find_invalid_utf8(text))
    return Error{given.name + ": not UTF-8 at byte " + std::to_string(*bad)};
  size_t begin = skip_space(text, 0);
  if (begin == text.size()) return Error{given.name + ": has no words"};
  while (begin < text.size()) {
    const size_t end = sentence_end(text, begin);
    sentences.emplace_back(text.substr(begin, end - begin));
    if (!is_space(sentences.back().back())) sentences.back() += ' ';
    begin = end;
  }
  return {};
}

}  // namespace

size_t sentence_end(std::string_view text, size_t begin) {
  size_t cut = begin;  // the last place between words
  for (size_t at = begin; at < text.size();) {
    const size_t word_end = std::min(text.find_first_of(kSpace, at), text.size());
    const size_t next = skip_space(text, word_end);
    if (next - begin > kLongestSentence) {
      if (cut > begin) return cut;
      // A word longer than any sentence: cut between characters.
      size_t end = std::min(begin + kLongestSentence, text.size());
      while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
      return end;
    }
    if (marks_end(text, begin, word_end) || has_empty_line(text.substr(word_end, next - word_end)))
      return next;
    cut = next;
    at = next;
  }
  return text.size();
}

Result<Haystack> Haystack::of(std::span<const EvalText> texts) {
  std::vector<std::string> sentences;
  std::vector<EvalText> own;
  if (texts.empty()) {
    FATHOM_TRY(own, licences());
    texts = own;
  }
  for (const EvalText& text : texts) FATHOM_CHECK(append_sentences(text, sentences));
  return Haystack(std::move(sentences));
}

std::vector<std::string> Haystack::first_words(size_t count) const {
  std::vector<std::string> taken;
  for (size_t i = 0; count > 0; ++i) {
    const std::string_view text = sentence(i);
    std::string& words = taken.emplace_back();
    for (size_t at = 0; at < text.size() && count > 0; --count) {
      const size_t end = std::min(text.find_first_of(kSpace, at), text.size());
      if (!words.empty()) words += ' ';
      words += text.substr(at, end - at);
      at = skip_space(text, end);
    }
  }
  return taken;
}

}  // namespace fathom
