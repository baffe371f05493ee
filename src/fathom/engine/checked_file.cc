#include "fathom/engine/checked_file.h"

#include <cassert>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "fathom/base/whole_file.h"
#include "fathom/engine/sha256.h"

namespace fathom {
namespace {

Error write_error(const std::string& path) {
  return {path + ": cannot write: " + std::strerror(errno)};
}

// So that the rename itself outlives a power cut.
void flush_folder(const std::string& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

}  // namespace

struct CheckedFile::State {
  std::string path;
  int fd = -1;
  size_t written = 0;
  bool checked = false;
  Sha256 hash;

  ~State() {
    if (fd >= 0) ::close(fd);
    if (!path.empty()) ::unlink(path.c_str());
  }
};

CheckedFile::CheckedFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
CheckedFile::CheckedFile(CheckedFile&&) noexcept = default;
CheckedFile& CheckedFile::operator=(CheckedFile&&) noexcept = default;
CheckedFile::~CheckedFile() = default;

Result<CheckedFile> CheckedFile::create(const std::string& temporary_path) {
  auto state = std::make_unique<State>();
  state->fd = ::open(temporary_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (state->fd < 0) return write_error(temporary_path);
  state->path = temporary_path;
  return CheckedFile(std::move(state));
}

Status CheckedFile::write(std::span<const std::byte> bytes) {
  state_->hash.add(bytes);
  state_->written += bytes.size();
  if (!write_all(state_->fd, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}))
    return write_error(state_->path);
  return {};
}

size_t CheckedFile::written() const { return state_->written; }

Status CheckedFile::check(std::string_view sha256) {
  const std::string found = state_->hash.finish();
  if (found != sha256) return Error{"SHA-256 is " + found + " instead of " + std::string(sha256)};
  state_->checked = true;
  return {};
}

Status CheckedFile::install(const std::string& path) {
  assert(state_->checked);
  if (::fsync(state_->fd) != 0) return write_error(state_->path);
  // Closed first: no byte can get into it any more, and some file systems tell of errors only here.
  if (::close(std::exchange(state_->fd, -1)) != 0) return write_error(state_->path);
  if (::rename(state_->path.c_str(), path.c_str()) != 0) return write_error(path);
  state_->path.clear();
  flush_folder(std::filesystem::path(path).parent_path().string());
  return {};
}

}  // namespace fathom
