#include "fathom/engine/prefix_store.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

#include "fathom/engine/model_store.h"

namespace fathom {
namespace {

namespace fs = std::filesystem;

// Error: it is not there and cannot be made.
Status make_private_folder(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return {};
  fs::create_directories(fs::path(path).parent_path(), error);
  if (::mkdir(path.c_str(), 0700) == 0 || fs::is_directory(path, error)) return {};
  return Error{path + ": cannot create: " + std::generic_category().message(errno)};
}

bool is_id(std::string_view text) {
  return text.size() == kIdDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Takes a number and the character after it off the front of `text`.
std::optional<uint64_t> take_number(std::string_view& text, char after) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto digits = static_cast<size_t>(end - text.data());
  if (error != std::errc() || digits == text.size() || *end != after) return std::nullopt;
  text.remove_prefix(digits + 1);
  return number;
}

// "0-2048.PARENT.ID"
std::optional<StoredPart> parse_name(std::string_view name) {
  const auto begin = take_number(name, '-');
  if (!begin) return std::nullopt;
  const auto end = take_number(name, '.');
  if (!end || name.size() != 2 * kIdDigits + 1 || name[kIdDigits] != '.') return std::nullopt;
  StoredPart part{.path = {},
                  .parent = std::string(name.substr(0, kIdDigits)),
                  .id = std::string(name.substr(kIdDigits + 1)),
                  .begin = *begin,
                  .end = *end};
  if (!is_id(part.parent) || !is_id(part.id)) return std::nullopt;
  return part;
}

int64_t nanoseconds(const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; }

// Where it is gone, that is no fault.
void touch(const std::string& path) { ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0); }

// Where entries vanish or the folder is none, there are fewer.
template <class Each>
void for_each_entry(const std::string& folder, const Each& each) {
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error))
    each(entry->path());
}

// A text's part is used whenever what follows it is.
void spread_use(std::vector<StoredPart>& parts) {
  std::ranges::sort(parts, std::greater<>(), &StoredPart::end);
  std::map<std::string, StoredPart*> by_id;
  for (StoredPart& part : parts) by_id[part.id] = &part;
  for (const StoredPart& part : parts)
    if (const auto parent = by_id.find(part.parent); parent != by_id.end())
      parent->second->used = std::max(parent->second->used, part.used);
}

// Opens a part whose name the store gave. Error: it is not what its name says, or PartFile's.
Result<PartFile> open_named(const StoredPart& part) {
  FATHOM_TRY(PartFile file, PartFile::open(part.path));
  const PartHeader& header = file.header();
  if (header.parent != part.parent || header.begin != part.begin || header.id() != part.id)
    return Error{part.path + ": is of another text than its name says"};
  return file;
}

uint64_t common(std::span<const TokenId> a, std::span<const TokenId> b) {
  return static_cast<uint64_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

}  // namespace

Result<std::string> prefixes_folder() {
  FATHOM_TRY(const std::string home, home_folder());
  return home + "/prefixes";
}

Result<PrefixStore> PrefixStore::open(std::string folder, uint64_t limit) {
  FATHOM_CHECK(make_private_folder(folder));
  std::error_code error;
  const fs::directory_iterator entries(folder, error);
  if (error) return Error{folder + ": cannot read: " + error.message()};
  return PrefixStore(std::move(folder), limit);
}

std::string PrefixStore::path_of(const PartHeader& header) const {
  return folder_ + "/" + std::to_string(header.begin) + "-" + std::to_string(header.end()) + "." +
         header.parent + "." + header.id();
}

std::vector<StoredPart> PrefixStore::parts() const {
  std::vector<StoredPart> found;
  for_each_entry(folder_, [&](const fs::path& path) {
    auto part = parse_name(path.filename().string());
    struct stat facts = {};
    if (!part || ::stat(path.c_str(), &facts) != 0) return;
    part->path = path.string();
    part->bytes = static_cast<uint64_t>(facts.st_size);
    part->used = nanoseconds(facts.st_mtim);
    found.push_back(std::move(*part));
  });
  return found;
}

bool PrefixStore::has(std::string_view id) const { return !chain_to(parts(), id).empty(); }

PartChain PrefixStore::find(const std::string& key, std::span<const TokenId> tokens,
                            const SayFn& say) const {
  const std::vector<StoredPart> all = parts();
  PartChain chain;
  for (std::string parent = key;;) {
    std::optional<PartFile> best;
    uint64_t most = 0;
    for (const StoredPart& part : all) {
      if (part.parent != parent || part.begin != chain.tokens) continue;
      auto file = open_named(part);
      if (!file.ok()) {
        if (!is_newer_part(part.path)) remove_bad(part.path, file.error(), say);
        continue;
      }
      const uint64_t shared = common(tokens.subspan(part.begin), file->header().tokens);
      const bool usable = !file->header().is_state() || shared == file->header().tokens.size();
      if (!usable || shared <= most) continue;
      most = shared;
      best = std::move(*file);
    }
    if (!best) return chain;
    touch(best->path());
    parent = best->header().id();
    const bool whole = most == best->header().tokens.size();
    chain.tokens += most;
    chain.parts.push_back(std::move(*best));
    if (!whole) return chain;
  }
}

void PrefixStore::remove_bad(const std::string& path, const Error& why, const SayFn& say) {
  std::error_code error;
  if (!fs::exists(path, error)) return;  // another program made room
  say(why.message + "; it is removed, and the text is read again");
  fs::remove(path, error);
}

Result<std::optional<NewFile>> PrefixStore::write(const PartHeader& header,
                                                  std::span<const Section> sections) const {
  const std::string path = path_of(header);
  const std::vector<StoredPart> before = chain_to(parts(), header.parent);
  if (before.empty() != (header.begin == 0))
    return Error{path + ": what it follows is no longer kept"};
  uint64_t bytes = to_bytes(header).size();
  for (const Section& section : sections)
    for (const auto piece : section) bytes += piece.size();
  uint64_t together = bytes;
  for (const StoredPart& part : before) {
    together += part.bytes;
    touch(part.path);
  }
  std::error_code unknown;
  if (fs::exists(path, unknown)) {
    touch(path);
    return std::optional<NewFile>();
  }
  if (together > limit_)
    return Error{folder_ + ": the text's first " + std::to_string(header.end()) + " tokens take " +
                 std::to_string(together) + " bytes; the limit is " + std::to_string(limit_)};
  prune(limit_ - bytes, before);
  FATHOM_TRY(NewFile file, write_part(path, header, sections));
  return std::optional(std::move(file));
}

void PrefixStore::remove_beginnings(const PartHeader& header, uint64_t end) const {
  for (const StoredPart& part : parts()) {
    if (part.parent != header.parent || part.begin != header.begin || part.end > end) continue;
    const auto file = open_named(part);
    if (!file.ok() || part.id == header.id()) continue;
    const auto& tokens = file->header().tokens;
    std::error_code error;
    if (common(header.tokens, tokens) == tokens.size()) fs::remove(part.path, error);
  }
}

uint64_t PrefixStore::prune(uint64_t most, std::span<const StoredPart> needed) const {
  std::vector<StoredPart> all = parts();
  spread_use(all);
  std::ranges::stable_sort(all, std::less<>(), &StoredPart::used);  // later parts first, as before
  std::set<std::string> kept;
  for (const StoredPart& part : needed) kept.insert(part.path);
  uint64_t held = 0, freed = 0;
  for (const StoredPart& part : all) held += part.bytes;
  std::error_code error;
  for (const StoredPart& part : all) {
    if (held - freed <= most) break;
    if (kept.contains(part.path)) continue;
    fs::remove(part.path, error);
    freed += part.bytes;
  }
  for_each_entry(folder_, [](const fs::path& path) {
    if (is_unfinished(path.filename().string())) remove_if_left(path.string());
  });
  return freed;
}

std::vector<StoredPart> ends_of(std::span<const StoredPart> parts) {
  std::set<std::string> followed;
  for (const StoredPart& part : parts) followed.insert(part.parent);
  std::vector<StoredPart> ends;
  for (const StoredPart& part : parts)
    if (!followed.contains(part.id)) ends.push_back(part);
  return ends;
}

std::vector<StoredPart> chain_to(std::span<const StoredPart> parts, std::string_view id) {
  std::vector<StoredPart> chain;
  for (std::string next(id);;) {
    const auto part = std::ranges::find(parts, next, &StoredPart::id);
    if (part == parts.end() || chain.size() > parts.size()) return {};
    chain.insert(chain.begin(), *part);
    if (part->begin == 0) return chain;
    next = part->parent;
  }
}

}  // namespace fathom
