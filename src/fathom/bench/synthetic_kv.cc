#include "fathom/bench/synthetic_kv.h"

#include <cstring>
#include <random>

#include "fathom/kernels/byte_keys.h"
#include "fathom/kernels/panel.h"

namespace fathom {
namespace {

// No multiple of kBlock, so that a row's slot differs from one repetition to the next.
constexpr size_t kRows = 4099;
constexpr size_t kRowsBetweenHeads = 977;

}  // namespace

std::vector<float> random_normal(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> numbers(count);
  for (float& x : numbers) x = normal(random);
  return numbers;
}

size_t kv_bytes(Operand operand, size_t kv_heads, size_t head_dim, size_t tokens) {
  return kv_heads * (key_block_bytes(operand, head_dim) + value_block_bytes(operand, head_dim)) *
         tokens / kBlock;
}

size_t SyntheticKv::at(size_t kv_head, size_t token) const {
  return (token + kv_head * kRowsBetweenHeads) % kRows * head_dim_;
}

SyntheticKv::SyntheticKv(Operand operand, size_t kv_heads, size_t head_dim, size_t tokens,
                         size_t copies)
    : kv_heads_(kv_heads),
      head_dim_(head_dim),
      keys_(random_normal((kRows + kBlock) * head_dim, 1)),
      values_(random_normal((kRows + kBlock) * head_dim, 2)) {
  // The first rows again, so that a block's rows lie side by side wherever it starts.
  for (std::vector<float>* rows : {&keys_, &values_})
    std::memcpy(rows->data() + kRows * head_dim, rows->data(), kBlock * head_dim * sizeof(float));

  const size_t blocks = (tokens + kBlock - 1) / kBlock;
  const size_t key_bytes = key_block_bytes(operand, head_dim);
  const size_t value_bytes = value_block_bytes(operand, head_dim);
  const size_t copy_bytes = kv_heads * blocks * (key_bytes + value_bytes);
  memory_ = Buffer<std::byte>(copies * copy_bytes);
  // As in a cache, a head's keys lie in one row, and then its values.
  std::byte* row = memory_.data();
  for (size_t head = 0; head < copies * kv_heads; ++head) {
    for (size_t b = 0; b < blocks; ++b, row += key_bytes) key_blocks_.push_back(row);
    for (size_t b = 0; b < blocks; ++b, row += value_bytes) value_blocks_.push_back(row);
  }
  for (size_t i = 0; i < kv_heads * blocks; ++i) {
    const size_t first = at(i / blocks, i % blocks * kBlock);
    const ConstMatrix<float> keys(keys_.data() + first, kBlock, head_dim);
    auto* const key_block = const_cast<std::byte*>(key_blocks_[i]);
    if (operand == Operand::int8) {
      pack_byte_keys(keys, key_block);
    } else {
      pack_keys(operand, keys, 0, key_block);
    }
    pack_values(operand, {values_.data() + first, kBlock, head_dim}, 0,
                const_cast<std::byte*>(value_blocks_[i]));
  }
  for (size_t copy = 1; copy < copies; ++copy)
    std::memcpy(memory_.data() + copy * copy_bytes, memory_.data(), copy_bytes);

  for (size_t head = 0; head < copies * kv_heads; ++head)
    views_.push_back({key_blocks_.data() + head * blocks, value_blocks_.data() + head * blocks});
}

}  // namespace fathom
