#include "fathom/eval/faithfulness.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace fathom {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_small(char c) { return c >= 'a' && c <= 'z'; }
// Bytes outside ASCII are taken for letters.
constexpr bool is_letter(char c) {
  return is_upper(c) || is_small(c) || (static_cast<unsigned char>(c) & 0x80) != 0;
}

std::string lowered(std::string_view word) {
  std::string out(word);
  for (char& c : out)
    if (is_upper(c)) c = static_cast<char>(c + ('a' - 'A'));
  return out;
}

// Units as they are written, and as they are compared.
constexpr auto kUnits = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"%", "%"},           {"percent", "%"},      {"dollar", "$"},      {"dollars", "$"},
    {"second", "second"}, {"seconds", "second"}, {"minute", "minute"}, {"minutes", "minute"},
    {"hour", "hour"},     {"hours", "hour"},     {"day", "day"},       {"days", "day"},
    {"week", "week"},     {"weeks", "week"},     {"month", "month"},   {"months", "month"},
    {"year", "year"},     {"years", "year"},     {"m", "m"},           {"metre", "m"},
    {"metres", "m"},      {"meters", "m"},       {"km", "km"},         {"kilometres", "km"},
    {"kilometers", "km"}, {"kg", "kg"},          {"kilograms", "kg"},  {"kb", "kb"},
    {"mb", "mb"},         {"gb", "gb"},          {"copies", "copy"},   {"copy", "copy"},
});

std::string_view unit_of(std::string_view word) {
  const auto found =
      std::ranges::find(kUnits, word, &std::pair<std::string_view, std::string_view>::first);
  return found == kUnits.end() ? std::string_view() : found->second;
}

struct Word {
  std::string text;  // in small letters; a number without commas and idle zeros
  bool is_number = false;
  bool has_capital = false;  // its first letter
  bool begins_sentence = false;
  bool is_money = false;  // behind a dollar sign
};

// "1,000" and "12.50" from `at` on; moves it behind.
std::string take_number(std::string_view text, size_t& at) {
  std::string digits;
  bool has_point = false;
  const auto digit_at = [&](size_t i) { return i < text.size() && is_digit(text[i]); };
  for (; at < text.size(); ++at) {
    if (is_digit(text[at])) {
      digits += text[at];
    } else if (text[at] == '.' && !has_point && digit_at(at + 1)) {
      has_point = true;
      digits += '.';
    } else if (!(text[at] == ',' && digit_at(at + 1) && digit_at(at + 2) && digit_at(at + 3) &&
                 !digit_at(at + 4))) {
      break;
    }
  }
  if (has_point) {
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.ends_with('.')) digits.pop_back();
  }
  return digits;
}

std::string take_word(std::string_view text, size_t& at) {
  const size_t begin = at;
  while (at < text.size() && (is_letter(text[at]) || is_digit(text[at]))) ++at;
  return lowered(text.substr(begin, at - begin));
}

std::vector<Word> words_of(std::string_view text) {
  std::vector<Word> words;
  bool begins = true;
  size_t breaks = 0;  // since the last word
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (is_digit(c) || is_letter(c)) {
      Word word{.text = {},
                .is_number = is_digit(c),
                .has_capital = is_upper(c),
                .begins_sentence = begins,
                .is_money = at > 0 && text[at - 1] == '$'};
      word.text = word.is_number ? take_number(text, at) : take_word(text, at);
      words.push_back(std::move(word));
      begins = false;
      breaks = 0;
      continue;
    }
    if (c == '%') words.push_back({.text = "%"});
    if (c == '\n') ++breaks;
    if (c == '.' || c == '!' || c == '?' || c == ':' || breaks > 1) begins = true;
    ++at;
  }
  return words;
}

}  // namespace

Claims claims_of(std::string_view text) {
  Claims claims;
  const std::vector<Word> words = words_of(text);
  for (size_t i = 0; i < words.size(); ++i) {
    const Word& word = words[i];
    if (word.is_number) {
      const std::string_view unit = word.is_money          ? "$"
                                    : i + 1 < words.size() ? unit_of(words[i + 1].text)
                                                           : "";
      const std::string space = unit.empty() || unit == "%" || unit == "$" ? "" : " ";
      claims.numbers.insert(unit == "$" ? "$" + word.text : word.text + space + std::string(unit));
    } else if (word.has_capital && !word.begins_sentence && word.text.size() > 1) {
      claims.names.insert(word.text);
    }
  }
  return claims;
}

std::optional<double> share_in(const Claims& claims, std::string_view text) {
  const size_t count = claims.numbers.size() + claims.names.size();
  if (count == 0) return std::nullopt;
  std::set<std::string> words;
  for (Word& word : words_of(text)) words.insert(std::move(word.text));
  const Claims of_text = claims_of(text);
  size_t found = 0;
  for (const std::string& name : claims.names) found += words.count(name);
  for (const std::string& number : claims.numbers)
    found += of_text.numbers.contains(number) || words.contains(number) ? 1 : 0;
  return static_cast<double>(found) / static_cast<double>(count);
}

}  // namespace fathom
