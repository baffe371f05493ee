#include "fathom/base/whole_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

namespace fathom {
namespace {

Error write_error(const std::string& path) {
  return {path + ": cannot write: " + std::strerror(errno)};
}

// errno says why where it is false.
bool write_new(const std::string& path, std::string_view content) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) return false;
  const bool written = write_all(fd, content) && ::fsync(fd) == 0;
  const int why = errno;
  // Some file systems tell of errors only here.
  const bool closed = ::close(fd) == 0;
  if (!written) errno = why;
  return written && closed;
}

}  // namespace

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

Status write_whole_file(const std::string& path, std::string_view content) {
  std::error_code unknown;
  const auto there = std::filesystem::status(path, unknown);
  if (std::filesystem::exists(there) && !std::filesystem::is_regular_file(there))
    return Error{path + ": there is something else than a file"};
  const std::string temporary = path + "." + std::to_string(::getpid()) + ".part";
  if (!write_new(temporary, content) || ::rename(temporary.c_str(), path.c_str()) != 0) {
    const Error error = write_error(path);
    ::unlink(temporary.c_str());
    return error;
  }
  return {};
}

}  // namespace fathom
