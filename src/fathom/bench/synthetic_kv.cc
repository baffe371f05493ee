#include "fathom/bench/synthetic_kv.h"

#include <algorithm>
#include <cstring>
#include <random>

#include "fathom/kernels/byte_keys.h"
#include "fathom/kernels/coded_block.h"
#include "fathom/kernels/panel.h"

namespace fathom {
namespace {

// No multiple of kBlock, so that a row's slot differs from one repetition to the next.
constexpr size_t kRows = 4099;
constexpr size_t kRowsBetweenHeads = 977;

// Of a block as it is stored once whole.
struct Bytes {
  Bytes(const KvFormat& format, size_t head_dim)
      : keys(format.operand == Operand::int8 || format.keys == plain_type(format.operand)
                 ? key_block_bytes(format.operand, head_dim)
                 : coded_key_bytes(format.keys, head_dim)),
        values(format.values == plain_type(format.operand)
                   ? value_block_bytes(format.operand, head_dim)
                   : coded_value_bytes(format.values, head_dim)) {}
  size_t keys, values;
};

}  // namespace

std::vector<float> random_normal(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> numbers(count);
  for (float& x : numbers) x = normal(random);
  return numbers;
}

size_t kv_bytes(const KvFormat& format, size_t kv_heads, size_t head_dim, size_t tokens) {
  const Bytes bytes(format, head_dim);
  return kv_heads * (bytes.keys + bytes.values) * tokens / kBlock;
}

size_t kv_bytes(Operand operand, size_t kv_heads, size_t head_dim, size_t tokens) {
  return kv_bytes(KvFormat{.operand = operand}, kv_heads, head_dim, tokens);
}

size_t SyntheticKv::at(size_t kv_head, size_t token) const {
  return (token + kv_head * kRowsBetweenHeads) % kRows * head_dim_;
}

SyntheticKv::SyntheticKv(const KvFormat& format, size_t kv_heads, size_t head_dim, size_t tokens,
                         size_t copies)
    : kv_heads_(kv_heads),
      head_dim_(head_dim),
      keys_(random_normal((kRows + kBlock) * head_dim, 1)),
      values_(random_normal((kRows + kBlock) * head_dim, 2)) {
  // The first rows again, so that a block's rows lie side by side wherever it starts.
  for (std::vector<float>* rows : {&keys_, &values_})
    std::memcpy(rows->data() + kRows * head_dim, rows->data(), kBlock * head_dim * sizeof(float));

  const size_t blocks = (tokens + kBlock - 1) / kBlock;
  coded_.assign(blocks, format.coded());
  coded_.front() = 0;
  if (tokens % kBlock != 0) coded_.back() = 0;
  lay_out(format, copies);
  for (size_t i = 0; i < kv_heads * blocks; ++i) {
    const size_t first = at(i / blocks, i % blocks * kBlock);
    const bool coded = coded_[i % blocks] != 0;
    write_keys(format, coded, first, const_cast<std::byte*>(key_blocks_[i]));
    write_values(format, coded, first, const_cast<std::byte*>(value_blocks_[i]));
  }
  for (size_t copy = 1; copy < copies; ++copy)
    std::memcpy(memory_.data() + copy * copy_bytes_, memory_.data(), copy_bytes_);

  for (size_t head = 0; head < copies * kv_heads; ++head)
    views_.push_back({.key_blocks = key_blocks_.data() + head * blocks,
                      .value_blocks = value_blocks_.data() + head * blocks,
                      .coded = format.coded() ? coded_.data() : nullptr,
                      .key_type = format.keys,
                      .value_type = format.values});
}

// As in a cache, a head's keys lie in one row, and then its values.
void SyntheticKv::lay_out(const KvFormat& format, size_t copies) {
  const Bytes coded(format, head_dim_);
  const Bytes plain({.operand = format.operand}, head_dim_);
  const auto of_plain = static_cast<size_t>(std::ranges::count(coded_, 0));
  const size_t of_coded = coded_.size() - of_plain;
  copy_bytes_ =
      kv_heads_ * (of_coded * (coded.keys + coded.values) + of_plain * (plain.keys + plain.values));
  memory_ = Buffer<std::byte>(copies * copy_bytes_);
  std::byte* row = memory_.data();
  for (size_t head = 0; head < copies * kv_heads_; ++head) {
    for (const uint8_t is_coded : coded_) {
      key_blocks_.push_back(row);
      row += is_coded != 0 ? coded.keys : plain.keys;
    }
    for (const uint8_t is_coded : coded_) {
      value_blocks_.push_back(row);
      row += is_coded != 0 ? coded.values : plain.values;
    }
  }
}

void SyntheticKv::write_keys(const KvFormat& format, bool coded, size_t first,
                             std::byte* block) const {
  const ConstMatrix<float> rows(keys_.data() + first, kBlock, head_dim_);
  if (format.operand == Operand::int8) {
    pack_byte_keys(rows, block);
  } else if (coded && format.keys != plain_type(format.operand)) {
    encode_keys(format.keys, rows, block);
  } else {
    pack_keys(format.operand, rows, 0, block);
  }
}

void SyntheticKv::write_values(const KvFormat& format, bool coded, size_t first,
                               std::byte* block) const {
  const ConstMatrix<float> rows(values_.data() + first, kBlock, head_dim_);
  if (coded && format.values != plain_type(format.operand)) {
    encode_values(format.values, rows, block);
  } else {
    pack_values(format.operand, rows, 0, block);
  }
}

}  // namespace fathom
