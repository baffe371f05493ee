// A head's key blocks as its operand has them, for kernels that read no others: where they lie, or,
// where they are coded (coded_block.h), decoded into memory of this.
#pragma once

#include <cstddef>
#include <vector>

#include "fathom/base/buffer.h"
#include "fathom/kernels/attend.h"

namespace fathom {

class PlainKeys {
 public:
  // Blocks [begin, end) of `keys`, in place of those taken before.
  void take(const KvHeadView& keys, Operand operand, size_t head_dim, size_t begin, size_t end);
  // By number, from block 0 on; those not taken are null.
  const std::byte* const* blocks() const { return blocks_.data(); }

 private:
  std::vector<const std::byte*> blocks_;
  Buffer<float> rows_;
  Buffer<std::byte> memory_;
};

}  // namespace fathom
