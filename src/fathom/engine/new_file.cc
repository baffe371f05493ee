#include "fathom/engine/new_file.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fathom/base/whole_file.h"

namespace fathom {
namespace {

constexpr std::string_view kEnding = ".unfinished";
constexpr int kMostAttempts = 100;
constexpr size_t kBufferBytes = size_t{1} << 20;

// So that the rename itself outlives a power cut.
void flush_folder(const std::string& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

bool lock(int fd, int how) {
  while (::flock(fd, how) != 0)
    if (errno != EINTR) return false;
  return true;
}

}  // namespace

Result<NewFile> NewFile::create(const std::string& path) {
  std::error_code unknown;
  const auto there = std::filesystem::status(path, unknown);
  if (std::filesystem::exists(there) && !std::filesystem::is_regular_file(there))
    return Error{path + ": there is something else than a file"};
  static std::atomic<int> count = 0;
  NewFile file(path);
  for (int attempts = 0; attempts < kMostAttempts; ++attempts) {
    file.temporary_ = path + "." + std::to_string(::getpid()) + "-" + std::to_string(count++) +
                      std::string(kEnding);
    if (file.open_temporary()) {
      file.buffer_.reserve(kBufferBytes);
      return file;
    }
    if (errno != EEXIST) break;
    // Left by a process that had this one's number.
    remove_if_left(file.temporary_);
  }
  return file.error();
}

// errno says why not; EEXIST: another name must be tried.
bool NewFile::open_temporary() {
  fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd_ < 0) return false;
  // The lock goes when the process ends, however it ends. Who took it for one that was left, just
  // before it was locked, has removed it.
  struct stat facts = {};
  if (lock(fd_, LOCK_EX) && ::fstat(fd_, &facts) == 0 && facts.st_nlink > 0) return true;
  ::close(std::exchange(fd_, -1));
  errno = EEXIST;
  return false;
}

NewFile::NewFile(NewFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      fd_(std::exchange(other.fd_, -1)),
      buffer_(std::move(other.buffer_)) {}

NewFile::~NewFile() {
  if (fd_ < 0) return;
  ::unlink(temporary_.c_str());
  ::close(fd_);
}

Error NewFile::error() const { return {path_ + ": cannot write: " + std::strerror(errno)}; }

bool NewFile::flush_buffer() {
  if (!write_all(fd_, buffer_)) return false;
  buffer_.clear();
  return true;
}

Status NewFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto piece = bytes.first(std::min(bytes.size(), kBufferBytes - buffer_.size()));
    buffer_.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    bytes = bytes.subspan(piece.size());
    if (buffer_.size() == kBufferBytes && !flush_buffer()) return error();
  }
  return {};
}

Status NewFile::install() {
  if (!flush_buffer() || ::fsync(fd_) != 0) return error();
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return error();
  // Some file systems tell of errors only here.
  if (::close(std::exchange(fd_, -1)) != 0) {
    const Error why = error();
    ::unlink(path_.c_str());
    return why;
  }
  flush_folder(std::filesystem::path(path_).parent_path().string());
  return {};
}

bool is_unfinished(std::string_view file_name) { return file_name.ends_with(kEnding); }

void remove_if_left(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  if (lock(fd, LOCK_EX | LOCK_NB)) ::unlink(path.c_str());
  ::close(fd);
}

}  // namespace fathom
