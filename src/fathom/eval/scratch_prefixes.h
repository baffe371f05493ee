// Where samples that begin alike find what was read of them: a folder in Fathom's home that belongs
// to one process and is gone at its end.
#pragma once

#include <cstddef>
#include <string>

#include "fathom/base/result.h"
#include "fathom/engine/prefix_options.h"

namespace fathom {

class ScratchPrefixes {
 public:
  // For the model that Engine::load() finds by `model`, read `chunk` tokens at a time. Also removes
  // what processes that were killed left. Errors name the folder or the model's file.
  static Result<ScratchPrefixes> make(const std::string& model, size_t chunk);

  ScratchPrefixes(ScratchPrefixes&& other) noexcept;
  ScratchPrefixes& operator=(ScratchPrefixes&&) = delete;
  ~ScratchPrefixes();

  const PrefixOptions& options() const { return options_; }

 private:
  ScratchPrefixes(std::string path, PrefixOptions options);

  std::string path_;
  PrefixOptions options_;
};

}  // namespace fathom
