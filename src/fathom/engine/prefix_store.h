// The folder where prefills are kept: parts of texts (part_header.h), so that a document is read
// only once.
//
//   FOLDER/BEGIN-END.PARENT.ID      a part; PARENT, of the first one the key, and ID are hashes
//                                   (part_header.h)
//
// Any number of processes may use a folder at once. Files appear whole, never change, and are
// checked when they are read: what is damaged is removed and counts as not there; what a later
// version of this program wrote is left alone. The folder holds
// at most `limit` bytes; what was not used for the longest time goes first, and of one text's parts
// the last.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fathom/base/result.h"
#include "fathom/engine/part_file.h"

namespace fathom {

// A part by its file's name and facts alone.
struct StoredPart {
  std::string path;
  std::string parent, id;
  uint64_t begin = 0, end = 0;
  uint64_t bytes = 0;
  int64_t used = 0;  // nanoseconds since 1970
};

// What is kept of a text: parts that follow each other from its beginning. Of the last one only
// what stands before `tokens` may be the text's.
struct PartChain {
  std::vector<PartFile> parts;
  uint64_t tokens = 0;
};

// In Fathom's home (model_store.h). Error: home_folder()'s.
Result<std::string> prefixes_folder();

class PrefixStore {
 public:
  static constexpr uint64_t kUsualLimit = 8'000'000'000;

  using SayFn = std::function<void(std::string_view)>;  // gets one line about what went wrong

  // Makes the folder, for its owner's eyes alone. Errors name it: no permission to make or to read
  // it, a full disk.
  static Result<PrefixStore> open(std::string folder, uint64_t limit);

  const std::string& folder() const { return folder_; }
  uint64_t limit() const { return limit_; }

  std::vector<StoredPart> parts() const;
  // Whether the part of this name is there, and all before it.
  bool has(std::string_view id) const;

  // The longest beginning of `tokens` that is kept under `key`; marks it as used now.
  PartChain find(const std::string& key, std::span<const TokenId> tokens, const SayFn& say) const;

  // A file that keeps a part, after those of the text before it, once install() names it. None: it
  // is kept already, and marked as used. Errors: all of the text together exceeds the limit, what
  // was before it is gone, or write_part()'s.
  Result<std::optional<NewFile>> write(const PartHeader& header,
                                       std::span<const Section> sections) const;
  // Removes the parts that have the same parent as `header` and only tokens of it, and end by
  // `end`: of what was kept of the same text while less of it was read.
  void remove_beginnings(const PartHeader& header, uint64_t end) const;

  // Removes parts until those left have at most `most` bytes, and what programs that ended left
  // unfinished. Those named in `needed` stay. Returns how many bytes were freed.
  uint64_t prune(uint64_t most, std::span<const StoredPart> needed = {}) const;

  // Removes a part that is not what it should be, and says so. It may be gone already.
  static void remove_bad(const std::string& path, const Error& why, const SayFn& say);

  std::string path_of(const PartHeader& header) const;

 private:
  PrefixStore(std::string folder, uint64_t limit) : folder_(std::move(folder)), limit_(limit) {}

  std::string folder_;
  uint64_t limit_;
};

// The parts that nothing follows: each is the end of a chain.
std::vector<StoredPart> ends_of(std::span<const StoredPart> parts);
// The part named `id` and all before it, from the text's beginning on; empty where one is missing.
std::vector<StoredPart> chain_to(std::span<const StoredPart> parts, std::string_view id);

}  // namespace fathom
