// Walks the bytes of a GGUF file from the front; every read is checked against what is left.
//
// Errors name the file, the byte offset and what was being read. GGUF is little-endian.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "fathom/base/result.h"

namespace fathom::gguf {

// Text from a file as it may stand in an error: in quotes, unprintable bytes escaped, cut if long.
std::string quoted(std::string_view text);

class Cursor {
 public:
  Cursor(std::span<const std::byte> bytes, std::string file)
      : bytes_(bytes), file_(std::move(file)) {}

  const std::string& file() const { return file_; }
  size_t size() const { return bytes_.size(); }
  size_t offset() const { return offset_; }
  size_t left() const { return bytes_.size() - offset_; }

  // "FILE: byte OFFSET: MESSAGE", by default for where the next read begins.
  Error error(const std::string& message) const { return error_at(offset_, message); }
  Error error_at(size_t offset, const std::string& message) const;

  template <class T>
  Result<T> read(const std::string& what) {
    if (left() < sizeof(T)) return truncated(what, sizeof(T));
    T value;
    std::memcpy(&value, bytes_.data() + offset_, sizeof(T));
    offset_ += sizeof(T);
    return value;
  }

  // A 64-bit count of things that take at least `bytes_each` bytes of what follows.
  Result<uint64_t> read_count(const std::string& what, size_t bytes_each);

  // A string: a 64-bit length and its bytes, which the view points to.
  Result<std::string_view> read_string(const std::string& what);

 private:
  Error truncated(const std::string& what, uint64_t need) const;

  std::span<const std::byte> bytes_;
  std::string file_;
  size_t offset_ = 0;
};

}  // namespace fathom::gguf
