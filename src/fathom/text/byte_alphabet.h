// The alphabet in which GPT-2's vocabulary spells bytes: one printable character for each
// (Radford et al. 2019, encoder.py, bytes_to_unicode). Printable Latin-1 stands for itself; the
// other 68 bytes are U+0100 and up, in order: the space is Ġ.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fathom {

char32_t byte_letter(uint8_t byte);

// The bytes that a token's spelling stands for; none when a character of it is not of the alphabet.
// `spelling` is valid UTF-8.
std::optional<std::string> spelled_bytes(std::string_view spelling);

}  // namespace fathom
