#include "fathom/gguf/gguf.h"

#include "fathom/gguf/reader.h"
#include "fathom/gguf/split.h"

namespace fathom::gguf {

uint64_t Tensor::elements() const {
  uint64_t product = 1;
  for (const uint64_t size : shape) product *= size;
  return product;
}

Result<File> File::parse(std::span<const std::byte> bytes, const std::string& name) {
  FATHOM_TRY(File file, Reader(bytes, name).read());
  FATHOM_TRY(const uint64_t parts, part_count(file));
  if (parts > 1)
    return Error{name + ": is one of " + std::to_string(parts) +
                 " parts, which can only be opened by path"};
  FATHOM_CHECK(Reader::build_index(file));
  return file;
}

Result<File> File::open(const std::string& path) {
  FATHOM_TRY(File file, open_part(path));
  FATHOM_TRY(const uint64_t parts, part_count(file));
  if (parts > 1) {
    FATHOM_TRY(file, open_split(path, parts));
  }
  FATHOM_CHECK(Reader::build_index(file));
  return file;
}

const Tensor* File::find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &tensors_[found->second];
}

}  // namespace fathom::gguf
