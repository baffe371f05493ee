#include "fathom/engine/model_identity.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <vector>

#include <sys/stat.h>

#include "fathom/engine/new_file.h"
#include "fathom/engine/sha256.h"

namespace fathom {
namespace {

constexpr size_t kDigestDigits = 64;

// A split model's files are NAME-00001-of-00003.gguf and so on (gguf/split.h).
std::vector<std::string> files_of(const std::string& path) {
  constexpr std::string_view kEnding = "-00001-of-00001.gguf";
  if (path.size() <= kEnding.size()) return {path};
  const std::string stem = path.substr(0, path.size() - kEnding.size());
  unsigned part = 0, parts = 0;
  int length = 0;
  const std::string ending = path.substr(stem.size());
  if (std::sscanf(ending.c_str(), "-%5u-of-%5u.gguf%n", &part, &parts, &length) != 2 ||
      length != static_cast<int>(kEnding.size()) || parts == 0)
    return {path};
  std::vector<std::string> files;
  for (unsigned i = 1; i <= parts; ++i) {
    char text[kEnding.size() + 1];
    std::snprintf(text, sizeof text, "-%05u-of-%05u.gguf", i, parts);
    files.push_back(stem + text);
  }
  return files;
}

std::string nanoseconds(const timespec& time) {
  return std::to_string(time.tv_sec * 1'000'000'000 + time.tv_nsec);
}

// What changes when a file's bytes do. The time of change cannot be set back, as that of the last
// write can.
Result<std::string> version_of(const std::string& path) {
  struct stat facts = {};
  if (::stat(path.c_str(), &facts) != 0)
    return Error{path + ": cannot read: " + std::strerror(errno)};
  return std::to_string(facts.st_dev) + "-" + std::to_string(facts.st_ino) + "-" +
         std::to_string(facts.st_size) + "-" + nanoseconds(facts.st_mtim) + "-" +
         nanoseconds(facts.st_ctim);
}

// Whether it changed so lately that another change might leave it the same times.
bool is_fresh(const std::string& path) {
  constexpr time_t kSeconds = 2;
  struct stat facts = {};
  return ::stat(path.c_str(), &facts) != 0 || std::time(nullptr) - facts.st_ctim.tv_sec <= kSeconds;
}

std::string remembered(const std::string& note) {
  std::ifstream file(note, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const bool is_digest = text.size() == kDigestDigits &&
                         text.find_first_not_of("0123456789abcdef") == std::string::npos;
  return is_digest ? text : "";
}

// Where it cannot be written it is computed again next time.
void remember(const std::string& note, const std::string& digest) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(note).parent_path(), error);
  auto file = NewFile::create(note);
  if (file.ok() && file->write(std::as_bytes(std::span(digest))).ok()) (void)file->install();
}

Result<std::string> file_sha256(const std::string& path, const std::string& folder) {
  FATHOM_TRY(const std::string version, version_of(path));
  const std::string note = folder + "/models/" + version;
  if (std::string digest = remembered(note); !digest.empty()) return digest;
  const bool fresh = is_fresh(path);
  FATHOM_TRY(const std::string digest, sha256_of_file(path));
  FATHOM_TRY(const std::string after, version_of(path));
  if (after != version) return Error{path + ": changes while it is read"};
  if (!fresh) remember(note, digest);
  return digest;
}

}  // namespace

Result<std::string> model_sha256(const std::string& path, const std::string& folder) {
  std::string together;
  for (const std::string& file : files_of(path)) {
    FATHOM_TRY(const std::string digest, file_sha256(file, folder));
    together += digest;
  }
  if (together.size() == kDigestDigits) return together;
  Sha256 hash;
  hash.add(together);
  return hash.finish();
}

}  // namespace fathom
