// A private file that appears under its name only when it is complete.
//
// While it is written it has another name beside its own, and is locked: what lies there unlocked
// was left by a program that ended, and can be removed.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "fathom/base/result.h"

namespace fathom {

class NewFile {
 public:
  // Errors (no permission, a full disk, something there that is no file, ...) name the path.
  static Result<NewFile> create(const std::string& path);

  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();  // removes what was not installed

  Status write(std::span<const std::byte> bytes);
  // Flushes to disk and renames; replaces what has the name.
  Status install();

 private:
  explicit NewFile(std::string path) : path_(std::move(path)) {}
  bool open_temporary();
  Error error() const;  // of errno
  bool flush_buffer();

  std::string path_;
  std::string temporary_;
  int fd_ = -1;
  std::string buffer_;  // so that small pieces make few calls
};

// Whether a file's name is one that NewFile writes under; and removes that file if nobody writes
// it.
bool is_unfinished(std::string_view file_name);
void remove_if_left(const std::string& path);

}  // namespace fathom
