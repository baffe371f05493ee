// UTF-8: validation, decoding, and streams that are never cut inside a character.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fathom {

// The offset of the first byte that is not valid UTF-8 (RFC 3629: no surrogates, no overlong
// forms).
std::optional<size_t> find_invalid_utf8(std::string_view text);

// The code point at `offset` of valid UTF-8, and `offset` moved behind it.
char32_t next_code_point(std::string_view text, size_t& offset);
void append_utf8(char32_t code_point, std::string& out);

// Bytes in, whole characters out: holds back an incomplete character until its rest arrives. Bytes
// that can belong to no character become U+FFFD.
class Utf8Stream {
 public:
  std::string push(std::string_view bytes);
  std::string finish();  // what is still held back, as U+FFFD

 private:
  std::string pending_;
};

}  // namespace fathom
