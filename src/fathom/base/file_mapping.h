// A whole file, read-only, mapped into memory.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "fathom/base/result.h"

namespace fathom {

class FileMapping {
 public:
  // Errors: the file is missing, unreadable, a folder, or cannot be mapped; each names the path.
  static Result<FileMapping> open(const std::string& path);

  FileMapping(FileMapping&& other) noexcept;
  FileMapping& operator=(FileMapping&& other) noexcept;
  ~FileMapping();

  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  FileMapping(const std::byte* data, size_t size) : data_(data), size_(size) {}

  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// A text file's or standard input's ("-") whole content. Errors name the path.
Result<std::string> read_file(const std::string& path);

}  // namespace fathom
