// Scanners: where does the piece of text that begins here end?
//
// Each is the hand-written twin of one published regular expression, given with it. `begin` is the
// offset of a character of `text`, which is valid UTF-8; the answer is behind `begin`. A scanner
// that looks for matches within the text returns the text up to the next match as a piece too.
#pragma once

#include <cstddef>
#include <string_view>

namespace fathom {

using Scanner = size_t (*)(std::string_view text, size_t begin);

// GPT-2 (Radford et al. 2019, encoder.py):
// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
size_t scan_gpt2(std::string_view text, size_t begin);

// Llama 3 (numbers of up to three digits) and Qwen 2 (of one digit):
// (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*
// |\s*[\r\n]+|\s+(?!\S)|\s+
size_t scan_llama3(std::string_view text, size_t begin);
size_t scan_qwen2(std::string_view text, size_t begin);

size_t scan_number(std::string_view text, size_t begin);        // \p{N}
size_t scan_numbers(std::string_view text, size_t begin);       // \p{N}+
size_t scan_three_digits(std::string_view text, size_t begin);  // [0-9][0-9][0-9]
size_t scan_symbols(std::string_view text, size_t begin);       // [\p{P}$+<=>^~|]+

}  // namespace fathom
