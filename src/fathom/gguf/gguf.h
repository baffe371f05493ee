// GGUF model files, versions 2 and 3: bytes -> metadata and named tensors, memory-mapped.
//
// Every count, length, type and offset is checked before it is used, so that a truncated, damaged
// or hostile file is an Error that names the file and the byte offset, key or tensor. Files split
// as NAME-00001-of-00003.gguf are opened by any part's name and read as one. Source: the GGUF
// specification (ggml/docs/gguf.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fathom/base/file_mapping.h"
#include "fathom/base/result.h"
#include "fathom/quant/dtype.h"

namespace fathom::gguf {

// Integers of every width arrive as int64_t or, above its range, uint64_t.
using Array = std::variant<std::vector<int64_t>, std::vector<uint64_t>, std::vector<double>,
                           std::vector<bool>, std::vector<std::string_view>>;
using Value = std::variant<int64_t, uint64_t, double, bool, std::string_view, Array>;

// Typed look-ups. Views point into the mapped file. Errors name the key and the kind it has.
class Metadata {
 public:
  const Value* find(std::string_view key) const;

  // Required: an Error when the key is missing or of another kind. Integers must not be negative.
  Result<std::string_view> string(std::string_view key) const;
  Result<uint64_t> integer(std::string_view key) const;
  Result<double> number(std::string_view key) const;
  Result<bool> boolean(std::string_view key) const;

  // Optional: the fallback when the key is missing; still an Error when it is of another kind.
  Result<std::string_view> string_or(std::string_view key, std::string_view fallback) const;
  Result<uint64_t> integer_or(std::string_view key, uint64_t fallback) const;
  Result<double> number_or(std::string_view key, double fallback) const;
  Result<bool> boolean_or(std::string_view key, bool fallback) const;

  // Arrays; null when the key is missing.
  Result<const std::vector<std::string_view>*> strings(std::string_view key) const;
  Result<std::optional<std::vector<int64_t>>> integers(std::string_view key) const;
  Result<std::optional<std::vector<double>>> numbers(std::string_view key) const;
  Result<std::optional<std::vector<bool>>> booleans(std::string_view key) const;

  // A count per layer: one integer for all layers, or an array of `count` integers.
  Result<std::vector<uint64_t>> per_layer(std::string_view key, size_t count) const;

  const std::map<std::string, Value, std::less<>>& entries() const { return entries_; }

 private:
  friend class Reader;
  std::map<std::string, Value, std::less<>> entries_;
};

struct Tensor {
  std::string name;
  DType type = DType::f32;
  std::vector<uint64_t> shape;  // shape[0] is the contiguous dimension, as GGUF has it
  const std::byte* data = nullptr;
  size_t bytes = 0;

  uint64_t elements() const;
};

class File {
 public:
  static Result<File> open(const std::string& path);

  // Reads from memory, which must outlive the File; `name` stands in errors. For tests and fuzzing.
  static Result<File> parse(std::span<const std::byte> bytes, const std::string& name);

  const std::string& path() const { return path_; }
  uint32_t version() const { return version_; }
  const Metadata& metadata() const { return metadata_; }
  const std::vector<Tensor>& tensors() const { return tensors_; }
  const Tensor* find(std::string_view name) const;
  uint64_t file_bytes() const { return file_bytes_; }  // of all parts

 private:
  friend class Reader;
  std::string path_;
  uint32_t version_ = 0;
  uint64_t file_bytes_ = 0;
  Metadata metadata_;
  std::vector<Tensor> tensors_;
  std::map<std::string_view, size_t> index_;
  std::vector<FileMapping> mappings_;
};

}  // namespace fathom::gguf
