// A large file that appears under its final name only when it is complete and its SHA-256 is right.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "fathom/base/result.h"

namespace fathom {

// Written to a temporary path on the same file system as the final one; unless installed, removed
// with this. Errors (no permission, full disk, ...) name the path.
class CheckedFile {
 public:
  static Result<CheckedFile> create(const std::string& temporary_path);

  CheckedFile(CheckedFile&&) noexcept;
  CheckedFile& operator=(CheckedFile&&) noexcept;
  ~CheckedFile();

  Status write(std::span<const std::byte> bytes);
  size_t written() const;

  // Once, after the last write. Error: the checksum of what was written differs (both are named).
  Status check(std::string_view sha256);

  // Flushes to disk and renames. Requires that check() said yes.
  Status install(const std::string& path);

 private:
  struct State;
  explicit CheckedFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace fathom
