#include "fathom/kv/block_source.h"

#include <algorithm>
#include <array>
#include <cassert>

#include "fathom/kernels/byte_keys.h"
#include "fathom/kernels/coded_block.h"
#include "fathom/kernels/panel.h"

namespace fathom {
namespace {

// Where rows of keys and of values alternate every 8 blocks, decoding reads at two thirds of the
// rate that it does over long ones.
constexpr size_t kRow = 16;

size_t plain_bytes(KvHalf half, Operand operand, size_t head_dim) {
  return half == KvHalf::keys ? key_block_bytes(operand, head_dim)
                              : value_block_bytes(operand, head_dim);
}

size_t coded_bytes(KvHalf half, KvType type, size_t head_dim) {
  return half == KvHalf::keys ? coded_key_bytes(type, head_dim) : coded_value_bytes(type, head_dim);
}

}  // namespace

BlockSource::BlockSource(KvHalf half, const KvFormat& format, size_t head_dim, KvStorage& storage)
    : half_(half),
      operand_(format.operand),
      type_(half == KvHalf::keys ? format.keys : format.values),
      dim_(head_dim),
      plain_bytes_(plain_bytes(half, operand_, head_dim)),
      coded_bytes_(codes() ? coded_bytes(half, type_, head_dim) : plain_bytes_),
      plain_pool_(&storage.pool(plain_bytes_)),
      coded_pool_(&storage.pool(coded_bytes_)) {}

std::byte* BlockSource::take(bool coded) {
  if (!coded) return plain_pool_->take();
  if (row_.empty()) {
    row_.reserve(kRow);
    for (size_t i = 0; i < kRow; ++i) row_.push_back(coded_pool_->take());
    std::ranges::reverse(row_);
  }
  std::byte* const block = row_.back();
  row_.pop_back();
  return block;
}

void BlockSource::give_back_row() {
  for (std::byte* const block : row_) coded_pool_->give_back(block);
  row_.clear();
}

void BlockSource::pack(ConstMatrix<float> rows, size_t slot, std::byte* block) const {
  if (half_ == KvHalf::values) return pack_values(operand_, rows, slot, block);
  if (operand_ != Operand::int8) return pack_keys(operand_, rows, slot, block);
  if (slot == 0) return pack_byte_keys(rows, block);
  for (size_t t = 0; t < rows.rows; ++t) append_byte_key(rows.row(t), dim_, slot + t, block);
}

void BlockSource::unpack(const std::byte* block, bool coded, size_t slot,
                         Matrix<float> rows) const {
  const bool keys = half_ == KvHalf::keys;
  if (!(coded && codes()) && !holds_byte_keys())
    return (keys ? unpack_keys : unpack_values)(operand_, block, slot, rows);
  // These are read from their first row on.
  const size_t end = slot + rows.rows;
  std::vector<float> all(end * dim_);
  const Matrix<float> from_first(all.data(), end, dim_);
  if (holds_byte_keys()) {
    unpack_byte_keys(block, from_first);
  } else {
    (keys ? decode_keys : decode_values)(type_, block, from_first);
  }
  for (size_t t = 0; t < rows.rows; ++t) std::copy_n(from_first.row(slot + t), dim_, rows.row(t));
}

void BlockSource::encode(ConstMatrix<float> rows, std::byte* block) const {
  assert(rows.rows == kBlock);
  if (!codes()) return pack(rows, 0, block);
  (half_ == KvHalf::keys ? encode_keys : encode_values)(type_, rows, block);
}

}  // namespace fathom
