#include "fathom/text/unicode.h"

#include <algorithm>
#include <array>

namespace fathom {
namespace {

CharClass search(char32_t code_point) {
  const auto ranges = char_ranges();
  const auto range = std::ranges::lower_bound(ranges, code_point, {}, &CharRange::last);
  if (range == ranges.end() || code_point < range->first) return CharClass::other;
  return range->kind;
}

// Most text is ASCII or Latin: their classes lie ready.
constexpr char32_t kNear = 0x250;

std::array<CharClass, kNear> classify_near() {
  std::array<CharClass, kNear> classes;
  for (char32_t c = 0; c < kNear; ++c) classes[c] = search(c);
  return classes;
}

}  // namespace

CharClass char_class(char32_t code_point) {
  static const std::array<CharClass, kNear> near = classify_near();
  return code_point < kNear ? near[code_point] : search(code_point);
}

}  // namespace fathom
