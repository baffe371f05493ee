#include "fathom/base/slab_source.h"

#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fathom/base/buffer.h"

namespace fathom {

Result<SlabSource> SlabSource::within(size_t limit, const std::string& folder) {
  std::string path = folder + "/kv-XXXXXX";
  SlabSource source;
  source.file_ = ::mkostemp(path.data(), O_CLOEXEC);
  if (source.file_ < 0)
    return Error{folder + ": no file can be made there: " + std::strerror(errno)};
  ::unlink(path.c_str());
  source.limit_ = limit;
  source.folder_ = folder;
  return source;
}

SlabSource::SlabSource(SlabSource&& other) noexcept
    : limit_(std::exchange(other.limit_, SIZE_MAX)),
      file_(std::exchange(other.file_, -1)),
      folder_(std::move(other.folder_)),
      in_memory_(std::exchange(other.in_memory_, 0)),
      in_file_(std::exchange(other.in_file_, 0)),
      file_end_(other.file_end_),
      slabs_(std::exchange(other.slabs_, {})) {}

SlabSource::~SlabSource() {
  while (!slabs_.empty()) give_back(slabs_.begin()->first);
  if (file_ >= 0) ::close(file_);
}

std::byte* SlabSource::take(size_t bytes) {
  if (bytes > limit_ - in_memory_) return map(bytes);
  auto* const slab = static_cast<std::byte*>(allocate_aligned(bytes));
  slabs_.emplace(slab, Slab{.bytes = bytes});
  in_memory_ += bytes;
  return slab;
}

// The disk's room is taken at once: where a page of a file finds none, the process is ended.
std::byte* SlabSource::map(size_t bytes) {
  int failure = EINTR;
  while (failure == EINTR)
    failure = ::posix_fallocate(file_, static_cast<off_t>(file_end_), static_cast<off_t>(bytes));
  if (failure != 0) {
    why_ = folder_ + ": no room for more of the cache than the " + std::to_string(in_file_ >> 20) +
           " MiB in its file: " + std::strerror(failure);
    throw std::bad_alloc();
  }
  void* const slab = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_,
                            static_cast<off_t>(file_end_));
  if (slab == MAP_FAILED) throw std::bad_alloc();
  auto* const begin = static_cast<std::byte*>(slab);
  slabs_.emplace(begin, Slab{.bytes = bytes, .offset = file_end_, .mapped = true});
  file_end_ += bytes;
  in_file_ += bytes;
  return begin;
}

void SlabSource::give_back(std::byte* slab) {
  const auto found = slabs_.find(slab);
  const Slab held = found->second;
  slabs_.erase(found);
  if (!held.mapped) {
    in_memory_ -= held.bytes;
    free_aligned(slab);
    return;
  }
  in_file_ -= held.bytes;
  ::munmap(slab, held.bytes);
  // The disk's room comes back at once; what cannot punch holes gives it back at the end.
  ::fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(held.offset),
              static_cast<off_t>(held.bytes));
}

void SlabSource::rest() {
  for (const auto& [begin, slab] : slabs_)
    if (slab.mapped) ::madvise(begin, slab.bytes, MADV_DONTNEED);
}

}  // namespace fathom
