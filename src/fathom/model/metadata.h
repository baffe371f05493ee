// A model file's metadata as an architecture sees it: keys relative to its general.architecture.
#pragma once

#include <string>
#include <string_view>

#include "fathom/base/result.h"
#include "fathom/gguf/gguf.h"
#include "fathom/model/spec.h"

namespace fathom {

class ArchMetadata {
 public:
  ArchMetadata(const gguf::File& file, std::string_view architecture)
      : file_(file), prefix_(std::string(architecture) + ".") {}

  std::string key(std::string_view name) const { return prefix_ + std::string(name); }
  bool has(std::string_view name) const { return data().find(key(name)) != nullptr; }

  // As gguf::Metadata's, with the architecture's prefix; sizes are at least 1.
  Result<size_t> size(std::string_view name) const;
  Result<size_t> size_or(std::string_view name, size_t fallback) const;
  Result<double> number(std::string_view name) const { return data().number(key(name)); }
  Result<double> number_or(std::string_view name, double fallback) const {
    return data().number_or(key(name), fallback);
  }
  Result<std::string_view> string_or(std::string_view name, std::string_view fallback) const {
    return data().string_or(key(name), fallback);
  }

  const gguf::Metadata& data() const { return file_.metadata(); }
  const gguf::File& file() const { return file_; }

  // An Error about one of this file's keys.
  Error error(std::string_view name, std::string_view what) const;

 private:
  const gguf::File& file_;
  std::string prefix_;
};

// The part of a spec that all decoder families share: sizes, norms, context length, heads per
// layer, and one RoPE for all layers. Errors: a missing or impossible size, a feature Fathom has no
// kernel for (mixture of experts, logit soft-capping, head sizes not a multiple of 16 up to 256).
Result<ModelSpec> read_decoder(const ArchMetadata& metadata, RopePairing pairing);

}  // namespace fathom
