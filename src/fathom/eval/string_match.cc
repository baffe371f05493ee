#include "fathom/eval/string_match.h"

#include <algorithm>
#include <array>
#include <vector>

#include "fathom/text/unicode.h"
#include "fathom/text/utf8.h"

namespace fathom {
namespace {

// Capitals first, first + step, ..., last; the small letter of each is `distance` further.
struct Capitals {
  char32_t first;
  char32_t last;
  char32_t step;
  int distance;
};

// Ascending. Unicode's UnicodeData.txt, simple lower-case mappings.
constexpr auto kCapitals = std::to_array<Capitals>({
    {'A', 'Z', 1, 32},       {0x00C0, 0x00D6, 1, 32},   {0x00D8, 0x00DE, 1, 32},
    {0x0100, 0x012E, 2, 1},  {0x0132, 0x0136, 2, 1},    {0x0139, 0x0147, 2, 1},
    {0x014A, 0x0176, 2, 1},  {0x0178, 0x0178, 1, -121}, {0x0179, 0x017D, 2, 1},
    {0x0386, 0x0386, 1, 38}, {0x0388, 0x038A, 1, 37},   {0x038C, 0x038C, 1, 64},
    {0x038E, 0x038F, 1, 63}, {0x0391, 0x03A1, 1, 32},   {0x03A3, 0x03AB, 1, 32},
    {0x0400, 0x040F, 1, 80}, {0x0410, 0x042F, 1, 32},   {0x0460, 0x0480, 2, 1},
    {0x048A, 0x04BE, 2, 1},  {0x04C1, 0x04CD, 2, 1},    {0x04D0, 0x052E, 2, 1},
    {0x0531, 0x0556, 1, 48}, {0x1E00, 0x1E94, 2, 1},    {0x1EA0, 0x1EFE, 2, 1},
});

char32_t lower(char32_t c) {
  const auto range = std::ranges::lower_bound(kCapitals, c, {}, &Capitals::last);
  if (range == kCapitals.end() || c < range->first || (c - range->first) % range->step != 0)
    return c;
  return static_cast<char32_t>(static_cast<int>(c) + range->distance);
}

bool is_ascii_punctuation(char c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
         (c >= '{' && c <= '~');
}

bool is_word_character(char32_t c) {
  const CharClass kind = char_class(c);
  return kind == CharClass::letter || kind == CharClass::number;
}

// A run of characters of one kind: of a word, white space, or neither.
struct Run {
  std::string text;
  bool word = false;
  bool space = false;
};

std::vector<Run> runs_of(std::string_view text) {
  std::vector<Run> runs;
  for (size_t offset = 0; offset < text.size();) {
    const char32_t c = next_code_point(text, offset);
    const bool word = is_word_character(c);
    const bool space = char_class(c) == CharClass::space;
    if (runs.empty() || runs.back().word != word || runs.back().space != space)
      runs.push_back({.text = {}, .word = word, .space = space});
    append_utf8(c, runs.back().text);
  }
  return runs;
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string out;
  for (size_t offset = 0; offset < text.size();)
    append_utf8(lower(next_code_point(text, offset)), out);
  return out;
}

bool contains(std::string_view answer, std::string_view reference) {
  return lower_case(answer).find(lower_case(reference)) != std::string::npos;
}

double string_match_all(std::string_view answer, std::span<const std::string> references) {
  const auto found =
      std::ranges::count_if(references, [&](const std::string& r) { return contains(answer, r); });
  return static_cast<double>(found) / static_cast<double>(references.size());
}

double string_match_part(std::string_view answer, std::span<const std::string> references) {
  const bool found =
      std::ranges::any_of(references, [&](const std::string& r) { return contains(answer, r); });
  return found ? 1 : 0;
}

std::string normalised_answer(std::string_view text) {
  std::string plain = lower_case(text);
  std::erase_if(plain, is_ascii_punctuation);
  std::string out;
  bool apart = false;  // from what is in `out`: white space or an article was between
  for (const Run& run : runs_of(plain)) {
    if (run.space || run.text == "a" || run.text == "an" || run.text == "the") {
      apart = true;
      continue;
    }
    if (apart && !out.empty()) out += ' ';
    out += run.text;
    apart = false;
  }
  return out;
}

double best_subspan_em(std::string_view answer, std::span<const std::string> references) {
  const std::string normalised = normalised_answer(answer);
  const bool found = std::ranges::any_of(references, [&](const std::string& reference) {
    return normalised.find(normalised_answer(reference)) != std::string::npos;
  });
  return found ? 1 : 0;
}

}  // namespace fathom
