// Where the blocks of one KV head's keys, or of its values, come from, and what is in them: plain
// blocks (panel.h, byte_keys.h), and coded ones (coded_block.h). kv/'s own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "fathom/base/block_pool.h"
#include "fathom/base/matrix.h"
#include "fathom/base/slab_source.h"
#include "fathom/kv/cache.h"

namespace fathom {

// What all heads of a cache, and of its forks, take blocks from.
struct KvStorage {
  explicit KvStorage(SlabSource from) : source(std::move(from)) {}
  BlockPool& pool(size_t block_bytes) {
    return pools.try_emplace(block_bytes, block_bytes, kFirstSlab, &source).first->second;
  }
  // A format has up to eight sizes of blocks, some of few blocks.
  static constexpr size_t kFirstSlab = size_t{512} << 10;
  SlabSource source;
  std::map<size_t, BlockPool> pools;  // by bytes of a block
};

enum class KvHalf : uint8_t { keys, values };

class BlockSource {
 public:
  BlockSource(KvHalf half, const KvFormat& format, size_t head_dim, KvStorage& storage);

  size_t bytes(bool coded) const { return coded ? coded_bytes_ : plain_bytes_; }

  // A zeroed block. Throws std::bad_alloc. Coded ones are taken from the pool in rows, so that a
  // scan of those of one head runs over contiguous memory.
  std::byte* take(bool coded);
  void give_back(std::byte* block, bool coded) { pool(coded).give_back(block); }
  void give_back_row();  // what take() has taken ahead
  // A plain block, or its content in a free one at a lower address.
  std::byte* move_down(std::byte* block) { return plain_pool_->move_down(block); }
  void share(std::byte* block, bool coded) { pool(coded).share(block); }
  bool is_shared(std::byte* block, bool coded) { return pool(coded).is_shared(block); }

  // Rows [n, head_dim] into slots of a plain block (keys in 8 bits: from slot 0 on, or one at a
  // time after those it holds), and out of any block.
  void pack(ConstMatrix<float> rows, size_t slot, std::byte* block) const;
  void unpack(const std::byte* block, bool coded, size_t slot, Matrix<float> rows) const;
  // A whole block's rows into a coded one.
  void encode(ConstMatrix<float> rows, std::byte* block) const;

  bool codes() const { return !holds_byte_keys() && type_ != plain_type(operand_); }
  bool holds_byte_keys() const { return half_ == KvHalf::keys && operand_ == Operand::int8; }

 private:
  BlockPool& pool(bool coded) { return coded ? *coded_pool_ : *plain_pool_; }

  KvHalf half_;
  Operand operand_;
  KvType type_;
  size_t dim_;
  size_t plain_bytes_, coded_bytes_;
  BlockPool* plain_pool_;
  BlockPool* coded_pool_;
  std::vector<std::byte*> row_;  // coded blocks taken ahead, the next one last
};

}  // namespace fathom
