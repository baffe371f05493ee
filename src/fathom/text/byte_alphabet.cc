#include "fathom/text/byte_alphabet.h"

#include <array>

#include "fathom/text/utf8.h"

namespace fathom {
namespace {

constexpr char32_t kExtra = 0x100;  // the first letter of a byte that is not printable

constexpr bool is_printable(uint32_t byte) {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte != 0xad);
}

constexpr auto kLetters = [] {
  std::array<char32_t, 256> letters{};
  char32_t extra = kExtra;
  for (uint32_t byte = 0; byte < 256; ++byte) letters[byte] = is_printable(byte) ? byte : extra++;
  return letters;
}();

// Letter -> byte, -1 for what is no letter.
constexpr auto kBytes = [] {
  std::array<int16_t, kExtra + 68> bytes{};
  for (int16_t& byte : bytes) byte = -1;
  for (int16_t byte = 0; byte < 256; ++byte) bytes[kLetters[static_cast<size_t>(byte)]] = byte;
  return bytes;
}();

}  // namespace

char32_t byte_letter(uint8_t byte) { return kLetters[byte]; }

std::optional<std::string> spelled_bytes(std::string_view spelling) {
  std::string bytes;
  for (size_t offset = 0; offset < spelling.size();) {
    const char32_t c = next_code_point(spelling, offset);
    if (c >= kBytes.size() || kBytes[c] < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(kBytes[c]));
  }
  return bytes;
}

}  // namespace fathom
