#include "fathom/gguf/split.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "fathom/gguf/reader.h"

namespace fathom::gguf {
namespace {

constexpr uint64_t kMaxParts = 99999;  // the names have five digits

// "-00001-of-00003.gguf".
std::string suffix(uint64_t part, uint64_t parts) {
  char text[64];
  std::snprintf(text, sizeof(text), "-%05llu-of-%05llu.gguf", static_cast<unsigned long long>(part),
                static_cast<unsigned long long>(parts));
  return text;
}

// What stands before the suffix of a path that names one of `parts` parts.
std::optional<std::string> stem(const std::string& path, uint64_t parts) {
  const std::string pattern = suffix(1, parts);
  if (path.size() < pattern.size()) return std::nullopt;
  const std::string end = path.substr(path.size() - pattern.size());
  constexpr size_t kDigits = 5;
  const bool number = std::all_of(end.begin() + 1, end.begin() + 1 + kDigits,
                                  [](unsigned char c) { return std::isdigit(c) != 0; });
  if (!number || end[0] != '-' || end.substr(1 + kDigits) != pattern.substr(1 + kDigits))
    return std::nullopt;
  return path.substr(0, path.size() - pattern.size());
}

// A required integer of a part's metadata; the error names the file.
Result<uint64_t> integer(const File& part, std::string_view key) {
  const Result<uint64_t> value = part.metadata().integer(key);
  if (!value.ok()) return Error{part.path() + ": " + value.error().message};
  return *value;
}

Status check(const File& part, std::string_view key, uint64_t expected) {
  FATHOM_TRY(const uint64_t value, integer(part, key));
  if (value != expected)
    return Error{part.path() + ": key '" + std::string(key) + "' is " + std::to_string(value) +
                 ", but by the parts' names and tensors it should be " + std::to_string(expected)};
  return {};
}

Status check_all_exist(const std::string& stem, uint64_t parts) {
  constexpr size_t kMostNamed = 8;
  std::string missing;
  size_t count = 0;
  for (uint64_t i = 1; i <= parts; ++i) {
    std::error_code ignored;
    const std::string path = stem + suffix(i, parts);
    if (std::filesystem::exists(path, ignored)) continue;
    if (++count <= kMostNamed) missing += (count > 1 ? ", " : "") + path;
  }
  if (count == 0) return {};
  if (count > kMostNamed) missing += " and " + std::to_string(count - kMostNamed) + " more";
  return Error{"the model has " + std::to_string(parts) +
               " parts, of which are missing: " + missing};
}

}  // namespace

Result<File> open_part(const std::string& path) {
  FATHOM_TRY(FileMapping mapping, FileMapping::open(path));
  FATHOM_TRY(File file, Reader(mapping.bytes(), path).read());
  Reader::keep(file, std::move(mapping));
  return file;
}

Result<uint64_t> part_count(const File& file) {
  if (file.metadata().find("split.count") == nullptr) return uint64_t{1};
  FATHOM_TRY(const uint64_t count, integer(file, "split.count"));
  if (count > kMaxParts)
    return Error{file.path() + ": key 'split.count' is " + std::to_string(count) +
                 "; the most parts are " + std::to_string(kMaxParts)};
  return std::max<uint64_t>(count, 1);
}

Result<File> open_split(const std::string& path, uint64_t parts) {
  const std::optional<std::string> name = stem(path, parts);
  if (!name)
    return Error{path + ": is one of " + std::to_string(parts) +
                 " parts, so its name must end like " + suffix(1, parts)};
  FATHOM_CHECK(check_all_exist(*name, parts));
  FATHOM_TRY(File whole, open_part(*name + suffix(1, parts)));
  FATHOM_CHECK(check(whole, "split.no", 0));
  FATHOM_CHECK(check(whole, "split.count", parts));
  for (uint64_t i = 1; i < parts; ++i) {
    FATHOM_TRY(File part, open_part(*name + suffix(i + 1, parts)));
    FATHOM_CHECK(check(part, "split.no", i));
    FATHOM_CHECK(check(part, "split.count", parts));
    Reader::append(whole, std::move(part));
  }
  FATHOM_CHECK(check(whole, "split.tensors.count", whole.tensors().size()));
  return whole;
}

}  // namespace fathom::gguf
