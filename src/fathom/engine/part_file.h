// Files of parts (part_header.h): written whole or not at all, never changed, checked when read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fathom/base/result.h"
#include "fathom/engine/new_file.h"
#include "fathom/engine/part_header.h"

namespace fathom {

// A section in memory: its bytes, piece by piece.
using Section = std::vector<std::span<std::byte>>;

// A part's file, complete but for install(), which flushes it to disk and gives it its name.
// `header.heads` name the blocks of `sections`; their bytes and checksums are filled in. Errors
// name the file: a full disk, no permission.
Result<NewFile> write_part(const std::string& path, PartHeader header,
                           std::span<const Section> sections);

// Whether a file is a part that a later version of this program wrote, which is none of ours.
bool is_newer_part(const std::string& path);

// An open part, whose header is read and checked. It can still be read after its file is removed.
class PartFile {
 public:
  // Errors: there is no file, or what parse_part_header() says, it is cut off, or goes on after its
  // sections.
  static Result<PartFile> open(const std::string& path);
  // A part that lies in a file from byte `offset` on; the file may go on after it. `name`: what
  // errors call the file.
  static Result<PartFile> open_within(const std::string& path, uint64_t offset,
                                      const std::string& name);

  PartFile(PartFile&& other) noexcept;
  PartFile& operator=(PartFile&& other) noexcept;
  ~PartFile();

  const std::string& path() const { return path_; }
  const PartHeader& header() const { return header_; }
  // Where in the file it ends, and the file does.
  uint64_t end() const { return offsets_.back(); }
  uint64_t file_bytes() const { return file_bytes_; }

  // Tells the system that all of it will be read.
  void announce() const;
  // A section into memory, which has room for just it: on any thread. Error: it cannot be read, or
  // its checksum is wrong.
  Status read(size_t head, const Section& into) const;
  // Reads all sections. Errors as read()'s.
  Status check() const;

 private:
  PartFile(std::string name, int fd) : path_(std::move(name)), fd_(fd) {}
  Status read_header(uint64_t offset);

  std::string path_;
  int fd_;
  PartHeader header_;
  uint64_t file_bytes_ = 0;
  std::vector<uint64_t> offsets_;  // of the sections, and the last one's end
};

}  // namespace fathom
