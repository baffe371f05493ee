#include "fathom/eval/random.h"

#include <limits>
#include <numeric>
#include <string_view>

namespace fathom {

size_t Random::below(size_t count) {
  assert(count > 0);
  // Of the 2^64 numbers, the last 2^64 mod count would make small results likelier.
  const uint64_t unusable = (std::numeric_limits<uint64_t>::max() % count + 1) % count;
  uint64_t drawn = engine_();
  while (drawn > std::numeric_limits<uint64_t>::max() - unusable) drawn = engine_();
  return drawn % count;
}

std::vector<size_t> Random::distinct(size_t count, size_t end) {
  assert(count <= end);
  std::vector<size_t> numbers(end);
  std::iota(numbers.begin(), numbers.end(), size_t{0});
  for (size_t i = 0; i < count; ++i) std::swap(numbers[i], numbers[i + below(end - i)]);
  numbers.resize(count);
  return numbers;
}

std::string Random::letters(size_t count, char first, char last) {
  std::string text;
  for (size_t i = 0; i < count; ++i)
    text +=
        static_cast<char>(first + static_cast<char>(below(static_cast<size_t>(last - first) + 1)));
  return text;
}

std::string Random::uuid() {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  static constexpr std::string_view kForm = "xxxxxxxx-xxxx-4xxx-vxxx-xxxxxxxxxxxx";
  std::string text(kForm);
  for (char& c : text) {
    if (c == 'x') c = kDigits[below(16)];
    if (c == 'v') c = kDigits[8 + below(4)];
  }
  return text;
}

}  // namespace fathom
