// Reads one GGUF file (or one part of a split one) from its bytes, checking all of it.
//
// The file is: magic, version, counts; metadata keys and values; tensor names, shapes, types and
// offsets; padding to the alignment; tensor data. Source: ggml/docs/gguf.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fathom/base/result.h"
#include "fathom/gguf/cursor.h"
#include "fathom/gguf/gguf.h"

namespace fathom::gguf {

class Reader {
 public:
  // `bytes` must start at a multiple of 4 and outlive the File; `name` stands in errors.
  Reader(std::span<const std::byte> bytes, const std::string& name);

  Result<File> read();

  // Adds `part`'s tensors and mappings to `file`; its metadata stays behind.
  static void append(File& file, File part);

  // Keeps the mapping that a File's views point into.
  static void keep(File& file, FileMapping mapping) {
    file.mappings_.push_back(std::move(mapping));
  }

  // Makes File::find work. Error: two tensors have one name.
  static Status build_index(File& file);

 private:
  Status read_header();
  Status read_entry();
  Result<uint64_t> read_alignment();
  Status read_tensor();
  Result<uint64_t> measure(const Tensor& tensor) const;
  Status place_tensors(uint64_t data_start, uint64_t alignment);
  Status check_overlaps() const;
  Error tensor_error(const Tensor& tensor, const std::string& message) const;

  Cursor cursor_;
  const std::byte* base_;
  File file_;
  uint64_t tensor_count_ = 0;
  uint64_t entry_count_ = 0;
  std::vector<uint64_t> offsets_;  // of each tensor, from the start of the data
};

}  // namespace fathom::gguf
