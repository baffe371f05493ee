#include "fathom/engine/spooled_input.h"

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "fathom/base/whole_file.h"

namespace fathom {
namespace {

constexpr size_t kPieceBytes = size_t{1} << 20;

}  // namespace

Result<SpooledInput> SpooledInput::read(const std::string& folder) {
  const auto cannot = [](const std::string& what, const std::string& how) {
    return Error{what + ": cannot " + how + ": " + std::strerror(errno)};
  };
  SpooledInput spooled(::open(folder.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600));
  if (spooled.fd_ < 0) return cannot(folder, "write");
  std::vector<char> piece(kPieceBytes);
  for (;;) {
    const ssize_t n = ::read(STDIN_FILENO, piece.data(), piece.size());
    if (n == 0) return spooled;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return cannot("standard input", "read");
    if (!write_all(spooled.fd_, {piece.data(), static_cast<size_t>(n)}))
      return cannot(folder, "write");
  }
}

SpooledInput::SpooledInput(SpooledInput&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

SpooledInput::~SpooledInput() {
  if (fd_ >= 0) ::close(fd_);
}

std::string SpooledInput::path() const { return "/proc/self/fd/" + std::to_string(fd_); }

}  // namespace fathom
