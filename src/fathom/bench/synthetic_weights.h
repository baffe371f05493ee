// Weights of random bits in any of GGUF's types: all codes occur, and every scale is a sane one.
#pragma once

#include <cstddef>

#include "fathom/base/buffer.h"
#include "fathom/kernels/matmul.h"

namespace fathom {

class SyntheticWeights {
 public:
  // `copies` of one matrix, so that going round them reads from memory.
  SyntheticWeights(DType type, size_t rows, size_t cols, size_t copies);

  Weights copy(size_t index) const;
  size_t copies() const { return copies_; }
  size_t bytes() const { return bytes_; }  // of one copy

 private:
  DType type_;
  size_t rows_, cols_, copies_, bytes_;
  Buffer<std::byte> memory_;
};

}  // namespace fathom
