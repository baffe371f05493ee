// Where a pool's slabs come from: memory, and past a limit a file on disk, of which no more stays
// in memory than is being read.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "fathom/base/result.h"

namespace fathom {

class SlabSource {
 public:
  // Memory alone.
  SlabSource() = default;
  // Up to `limit` bytes of memory; what is more lies in a file in `folder`, which has no name and
  // is gone with this. Error: the file cannot be made.
  static Result<SlabSource> within(size_t limit, const std::string& folder);
  SlabSource(SlabSource&& other) noexcept;
  SlabSource& operator=(SlabSource&&) = delete;
  ~SlabSource();

  // `bytes`: a multiple of 4,096. 64-byte aligned, not initialised. Throws std::bad_alloc; where it
  // was the disk that had no room, why() says so.
  std::byte* take(size_t bytes);
  void give_back(std::byte* slab);

  // Lets go of what the file's slabs have in memory; it is read again when it is needed.
  void rest();

  bool has_file() const { return file_ >= 0; }
  const std::string& why() const { return why_; }
  size_t bytes_in_memory() const { return in_memory_; }

 private:
  struct Slab {
    size_t bytes = 0;
    size_t offset = 0;  // in the file
    bool mapped = false;
  };
  std::byte* map(size_t bytes);

  size_t limit_ = SIZE_MAX;
  int file_ = -1;
  std::string folder_;
  std::string why_;
  size_t in_memory_ = 0;
  size_t in_file_ = 0;
  size_t file_end_ = 0;
  std::map<std::byte*, Slab> slabs_;
};

}  // namespace fathom
