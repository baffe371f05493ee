#include "fathom/kernels/plain_keys.h"

#include <algorithm>
#include <cassert>

#include "fathom/kernels/coded_block.h"
#include "fathom/kernels/panel.h"

namespace fathom {

void PlainKeys::take(const KvHeadView& keys, Operand operand, size_t head_dim, size_t begin,
                     size_t end) {
  blocks_.assign(end, nullptr);
  std::copy(keys.key_blocks + begin, keys.key_blocks + end, blocks_.begin() + begin);
  if (keys.coded == nullptr || keys.key_type == plain_type(operand)) return;
  assert(operand != Operand::int8 && "keys in 8 bits are not coded");
  const size_t bytes = key_block_bytes(operand, head_dim);
  memory_.ensure((end - begin) * bytes);
  rows_.ensure(kBlock * head_dim);
  const Matrix<float> rows(rows_.data(), kBlock, head_dim);
  for (size_t block = begin; block < end; ++block) {
    if (keys.coded[block] == 0) continue;
    std::byte* const to = memory_.data() + (block - begin) * bytes;
    decode_keys(keys.key_type, keys.key_blocks[block], rows);
    pack_keys(operand, rows, 0, to);
    blocks_[block] = to;
  }
}

}  // namespace fathom
