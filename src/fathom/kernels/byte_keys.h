// A block of keys in 8 bits, as byte scores read it.
//
// After SageAttention (Zhang et al. 2024, arXiv:2410.02367, section 4.2), whose smoothing takes the
// mean over tokens from every key: here each block of 64 keys has its own mean, since the rotation
// of RoPE moves it along the text, and the attention loop adds query . mean back.
//
//   key[t] = scale[t] * (code[t] - 128) + mean
//
// Bytes: codes [head_dim / 4][kBlock][4]; scales [kBlock] f32; mean [head_dim] bf16, up to a
// multiple of 64 bytes. A slot that holds nothing has the scale 0.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fathom/base/matrix.h"
#include "fathom/kernels/block_plan.h"

namespace fathom {

// Always inlined: no instruction set's code may stand in for another's.
class ByteKeys {
 public:
  static constexpr int kZero = 128;
  static constexpr float kRange = 127;

  [[gnu::always_inline]] explicit ByteKeys(size_t head_dim) : dim_(head_dim) {}

  [[gnu::always_inline]] size_t bytes() const {
    return kBlock * dim_ + kBlock * sizeof(float) + (dim_ * sizeof(uint16_t) + 63) / 64 * 64;
  }
  [[gnu::always_inline]] const float* scales(const std::byte* block) const {
    return reinterpret_cast<const float*>(block + kBlock * dim_);
  }
  [[gnu::always_inline]] const uint16_t* mean(const std::byte* block) const {
    return reinterpret_cast<const uint16_t*>(scales(block) + kBlock);
  }

 private:
  size_t dim_;
};

// Writes `rows` [n, head_dim], n <= kBlock, as the block's first n keys, about their own mean; its
// other slots become empty.
void pack_byte_keys(ConstMatrix<float> rows, std::byte* block);

// Writes one key into a slot of a block that holds some, about the mean that it has.
void append_byte_key(const float* row, size_t head_dim, size_t slot, std::byte* block);

// The first rows.rows keys, as the block has them.
void unpack_byte_keys(const std::byte* block, Matrix<float> rows);

}  // namespace fathom
