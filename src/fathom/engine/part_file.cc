#include "fathom/engine/part_file.h"

#include <cassert>
#include <cerrno>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "fathom/base/file_mapping.h"

namespace fathom {
namespace {

class SectionHash {
 public:
  SectionHash() : state_(XXH3_createState()) {
    if (state_ == nullptr) throw std::bad_alloc();
    XXH3_64bits_reset(state_.get());
  }
  void add(std::span<const std::byte> piece) {
    XXH3_64bits_update(state_.get(), piece.data(), piece.size());
  }
  uint64_t finish() const { return XXH3_64bits_digest(state_.get()); }

 private:
  struct Free {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };
  std::unique_ptr<XXH3_state_t, Free> state_;
};

void describe(const Section& section, PartHead& head) {
  SectionHash hash;
  head.bytes = 0;
  for (const std::span<std::byte> piece : section) {
    hash.add(piece);
    head.bytes += piece.size();
  }
  head.hash = hash.finish();
}

// Error: fewer bytes are there, or they cannot be read.
Status read_at(int fd, uint64_t offset, std::span<std::byte> into, const std::string& path) {
  while (!into.empty()) {
    const ssize_t n = ::pread(fd, into.data(), into.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error{path + ": cannot read: " + std::strerror(errno)};
    if (n == 0) return Error{path + ": is cut off at byte " + std::to_string(offset)};
    into = into.subspan(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
  return {};
}

}  // namespace

Result<NewFile> write_part(const std::string& path, PartHeader header,
                           std::span<const Section> sections) {
  assert(sections.size() == header.heads.size());
  for (size_t i = 0; i < sections.size(); ++i) describe(sections[i], header.heads[i]);
  FATHOM_TRY(NewFile file, NewFile::create(path));
  const std::string first = to_bytes(header);
  FATHOM_CHECK(file.write(std::as_bytes(std::span(first))));
  for (const Section& section : sections)
    for (const std::span<std::byte> piece : section) FATHOM_CHECK(file.write(piece));
  return file;
}

bool is_newer_part(const std::string& path) {
  const auto file = FileMapping::open(path);
  return file.ok() && is_of_newer_version(file->bytes());
}

Result<PartFile> PartFile::open(const std::string& path) {
  FATHOM_TRY(PartFile part, open_within(path, 0, path));
  if (part.end() != part.file_bytes()) return Error{path + ": has more bytes than its sections"};
  return part;
}

Result<PartFile> PartFile::open_within(const std::string& path, uint64_t offset,
                                       const std::string& name) {
  PartFile part(name, ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (part.fd_ < 0) return Error{name + ": cannot open: " + std::strerror(errno)};
  FATHOM_CHECK(part.read_header(offset));
  return part;
}

PartFile::PartFile(PartFile&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      header_(std::move(other.header_)),
      file_bytes_(other.file_bytes_),
      offsets_(std::move(other.offsets_)) {}

PartFile& PartFile::operator=(PartFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  std::swap(header_, other.header_);
  std::swap(file_bytes_, other.file_bytes_);
  std::swap(offsets_, other.offsets_);
  return *this;
}

PartFile::~PartFile() {
  if (fd_ >= 0) ::close(fd_);
}

Status PartFile::read_header(uint64_t offset) {
  struct stat facts = {};
  if (::fstat(fd_, &facts) != 0 || !S_ISREG(facts.st_mode)) return Error{path_ + ": is not a file"};
  file_bytes_ = static_cast<uint64_t>(facts.st_size);
  const Error cut{path_ + ": is cut off at byte " + std::to_string(file_bytes_)};
  if (offset > file_bytes_ || file_bytes_ - offset < kPreambleBytes) return cut;
  std::vector<std::byte> bytes(kPreambleBytes);
  FATHOM_CHECK(read_at(fd_, offset, bytes, path_));
  FATHOM_TRY(const uint64_t header_bytes, part_header_bytes(bytes, path_));
  if (header_bytes > file_bytes_ - offset) return cut;
  bytes.resize(header_bytes);
  FATHOM_CHECK(read_at(fd_, offset, bytes, path_));
  FATHOM_TRY(header_, parse_part_header(bytes, path_));

  offsets_ = {offset + header_bytes};
  for (const PartHead& head : header_.heads) {
    if (head.bytes > file_bytes_ - offsets_.back()) return cut;
    offsets_.push_back(offsets_.back() + head.bytes);
  }
  return {};
}

void PartFile::announce() const { ::posix_fadvise(fd_, 0, 0, POSIX_FADV_WILLNEED); }

Status PartFile::read(size_t head, const Section& into) const {
  SectionHash hash;
  uint64_t offset = offsets_[head];
  for (const std::span<std::byte> piece : into) {
    FATHOM_CHECK(read_at(fd_, offset, piece, path_));
    hash.add(piece);
    offset += piece.size();
  }
  assert(offset == offsets_[head + 1]);
  if (hash.finish() == header_.heads[head].hash) return {};
  return Error{path_ + ": is damaged: the checksum of section " + std::to_string(head) +
               " is wrong"};
}

Status PartFile::check() const {
  std::vector<std::byte> bytes;
  for (size_t i = 0; i < header_.heads.size(); ++i) {
    bytes.resize(header_.heads[i].bytes);
    FATHOM_CHECK(read(i, {bytes}));
  }
  return {};
}

}  // namespace fathom
