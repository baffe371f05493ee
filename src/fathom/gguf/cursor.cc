#include "fathom/gguf/cursor.h"

namespace fathom::gguf {

std::string quoted(std::string_view text) {
  constexpr size_t kLongest = 80;
  constexpr char kHex[] = "0123456789abcdef";
  std::string out = "'";
  for (const char c : text.substr(0, kLongest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte > 0x7e || c == '\\') {
      out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    } else {
      out += c;
    }
  }
  return out + (text.size() > kLongest ? "...'" : "'");
}

Error Cursor::error_at(size_t offset, const std::string& message) const {
  return {file_ + ": byte " + std::to_string(offset) + ": " + message};
}

Error Cursor::truncated(const std::string& what, uint64_t need) const {
  return error(what + " needs " + std::to_string(need) + " bytes, but only " +
               std::to_string(left()) + " are left: the file is cut short or damaged");
}

Result<uint64_t> Cursor::read_count(const std::string& what, size_t bytes_each) {
  const size_t start = offset_;
  FATHOM_TRY(const auto count, read<uint64_t>(what));
  if (count > left() / bytes_each)
    return error_at(start, what + " is " + std::to_string(count) + ", but the " +
                               std::to_string(left()) + " bytes left hold at most " +
                               std::to_string(left() / bytes_each));
  return count;
}

Result<std::string_view> Cursor::read_string(const std::string& what) {
  FATHOM_TRY(const uint64_t length, read_count("the length of " + what, 1));
  const std::string_view text(reinterpret_cast<const char*>(bytes_.data()) + offset_, length);
  offset_ += length;
  return text;
}

}  // namespace fathom::gguf
