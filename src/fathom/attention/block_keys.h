// Keys that stand for blocks of text (a mean, a bound), one for each block and KV head, packed so
// that key_scores() scores kBlock of them at a time.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "fathom/base/buffer.h"
#include "fathom/base/matrix.h"
#include "fathom/kernels/compute.h"
#include "fathom/simd/isa.h"

namespace fathom {

class BlockKeys {
 public:
  // `operand`: bf16 or f32.
  BlockKeys(size_t kv_heads, size_t head_dim, Operand operand);

  // The next block's, [kv_heads * head_dim]. Throws std::bad_alloc.
  void append(std::span<const float> keys);
  size_t blocks() const { return blocks_; }

  // How many columns score() writes for the first `blocks` blocks: a multiple of kBlock.
  static size_t columns(size_t blocks);
  // out[r, b] = queries[r] . key of block b; queries [rows, head_dim], out [rows, columns(blocks)]
  // of no more blocks than there are. On the caller's thread.
  void score(Isa isa, size_t kv_head, ConstMatrix<float> queries, Matrix<float> out) const;

  size_t bytes() const;

 private:
  struct Head {
    std::vector<Buffer<std::byte>> memory;  // a packed key block each
    std::vector<const std::byte*> packed;
  };

  size_t head_dim_;
  Operand operand_;
  size_t blocks_ = 0;
  std::vector<Head> heads_;
};

}  // namespace fathom
