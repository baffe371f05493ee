#include "fathom/attention/block_keys.h"

#include <cassert>
#include <cstring>
#include <utility>

#include "fathom/kernels/key_scores.h"
#include "fathom/kernels/panel.h"

namespace fathom {

BlockKeys::BlockKeys(size_t kv_heads, size_t head_dim, Operand operand)
    : head_dim_(head_dim), operand_(operand), heads_(kv_heads) {
  assert(operand != Operand::int8);
}

void BlockKeys::append(std::span<const float> keys) {
  assert(keys.size() == heads_.size() * head_dim_);
  const size_t slot = blocks_ % kBlock;
  for (size_t h = 0; h < heads_.size(); ++h) {
    Head& head = heads_[h];
    if (slot == 0) {
      Buffer<std::byte> fresh(key_block_bytes(operand_, head_dim_));
      std::memset(fresh.data(), 0, fresh.size());
      head.packed.push_back(fresh.data());
      head.memory.push_back(std::move(fresh));
    }
    pack_keys(operand_, {keys.data() + h * head_dim_, 1, head_dim_}, slot,
              head.memory.back().data());
  }
  ++blocks_;
}

size_t BlockKeys::columns(size_t blocks) { return (blocks + kBlock - 1) / kBlock * kBlock; }

void BlockKeys::score(Isa isa, size_t kv_head, ConstMatrix<float> queries,
                      Matrix<float> out) const {
  assert(out.cols <= columns(blocks_));
  key_scores(isa,
             {.queries = queries,
              .key_blocks = heads_[kv_head].packed.data(),
              .blocks = out.cols / kBlock,
              .operand = operand_},
             out);
}

size_t BlockKeys::bytes() const {
  return heads_.size() * columns(blocks_) / kBlock * key_block_bytes(operand_, head_dim_);
}

}  // namespace fathom
