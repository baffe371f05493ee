#include "fathom/kv/cache.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>
#include <cstdio>
#include <map>
#include <new>
#include <utility>

#include <unistd.h>

#include "fathom/base/block_pool.h"
#include "fathom/kernels/byte_keys.h"
#include "fathom/kernels/panel.h"

namespace fathom {
namespace {

// Blocks of one head are taken many at a time, so that a scan runs over contiguous memory: where
// rows of keys and of values alternate every 8 blocks, decoding reads at two thirds of the rate. A
// cache that grows bit by bit takes an eighth more than it has, within these bounds.
constexpr size_t kFewestInARow = 8;
constexpr size_t kMostInARow = 32;

// Fewer new tokens than these are packed in less time than another core takes to join in.
constexpr size_t kParallelTokens = 16;

size_t blocks_for(size_t tokens) { return tokens / kBlock + (tokens % kBlock != 0 ? 1 : 0); }

// Bytes. The system hands out more memory than it has and ends the process that touches it, so what
// can never fit must be refused before it is asked for.
double physical_memory() {
  return static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGE_SIZE));
}

Error out_of_memory(size_t tokens, double bytes) {
  std::array<char, 160> text;
  std::snprintf(text.data(), text.size(),
                "out of memory: with %zu tokens more the key-value cache needs %.1f GiB; this "
                "machine has %.1f GiB in all",
                tokens, bytes * 0x1p-30, physical_memory() * 0x1p-30);
  return {text.data()};
}

struct Head {
  std::vector<std::byte*> keys;
  std::vector<std::byte*> values;
  // Of keys in 8 bits: the last block's, [kBlock, head_dim], and which block that is.
  std::vector<float> exact_keys;
  size_t exact_block = 0;
};

struct Layer {
  KvLayerShape shape;
  BlockPool* key_pool = nullptr;  // null: no heads
  BlockPool* value_pool = nullptr;
  std::vector<Head> heads;
  std::vector<KvHeadView> views;
};

}  // namespace

struct KvCache::Impl {
  Operand operand;
  std::map<size_t, BlockPool> pools;  // by bytes of a block
  std::vector<Layer> layers;
  size_t tokens = 0;  // committed
  size_t blocks = 0;  // of each head

  // Bytes of one block of every head's keys and values.
  size_t column_bytes() const {
    size_t bytes = 0;
    for (const Layer& layer : layers)
      bytes += layer.heads.size() * (key_block_bytes(operand, layer.shape.head_dim) +
                                     value_block_bytes(operand, layer.shape.head_dim));
    return bytes;
  }

  // Takes or gives back blocks until every list has `count`. Growing throws std::bad_alloc, and
  // then lists may differ in length.
  void set_blocks(size_t count) {
    for (Layer& layer : layers) {
      for (Head& head : layer.heads) {
        set_blocks(*layer.key_pool, head.keys, count);
        set_blocks(*layer.value_pool, head.values, count);
      }
    }
    blocks = count;
  }
  static void set_blocks(BlockPool& pool, std::vector<std::byte*>& list, size_t count) {
    // First the room in the list, so that no block is lost when there is none.
    if (count > list.capacity()) list.reserve(std::max(count, 2 * list.capacity()));
    while (list.size() < count) list.push_back(pool.take());
    while (list.size() > count) {
      pool.give_back(list.back());
      list.pop_back();
    }
  }

  void refresh_views() {
    for (Layer& layer : layers)
      for (size_t h = 0; h < layer.heads.size(); ++h)
        layer.views[h] = {layer.heads[h].keys.data(), layer.heads[h].values.data()};
  }

  // What `count` blocks grow to.
  size_t in_rows(size_t count) const {
    return std::max(count, blocks + std::clamp(blocks / 8, kFewestInARow, kMostInARow));
  }
  void grow(size_t count) {
    set_blocks(count);
    refresh_views();
  }
  void shrink(size_t count) {
    set_blocks(count);
    for (auto& [bytes, pool] : pools) pool.trim();
    refresh_views();
  }

  // Zeroes what the last block holds past the committed tokens: a product with a slot that nobody
  // sees must be finite, whatever was written there.
  void clear_tail() {
    const size_t slot = tokens % kBlock;
    if (slot == 0) return;
    const size_t last = tokens / kBlock;
    for (Layer& layer : layers) {
      const size_t dim = layer.shape.head_dim;
      const std::vector<float> zeros((kBlock - slot) * dim);
      const ConstMatrix<float> rows(zeros.data(), kBlock - slot, dim);
      for (Head& head : layer.heads) {
        if (operand == Operand::int8) {
          forget_byte_keys(head, dim, last, slot);
        } else {
          pack_keys(operand, rows, slot, head.keys[last]);
        }
        pack_values(operand, rows, slot, head.values[last]);
      }
    }
  }

  // Leaves `count` keys in a block.
  static void forget_byte_keys(Head& head, size_t dim, size_t block, size_t count) {
    const Matrix<float> kept(head.exact_keys.data(), count, dim);
    if (head.exact_block != block) unpack_byte_keys(head.keys[block], kept);
    head.exact_block = block;
    pack_byte_keys(kept, head.keys[block]);
  }

  // `rows` into slots [slot, ...) of a block.
  void write_keys(Head& head, ConstMatrix<float> rows, size_t block, size_t slot) const {
    if (operand != Operand::int8) return pack_keys(operand, rows, slot, head.keys[block]);
    const size_t dim = rows.cols;
    if (slot > 0 && head.exact_block != block)  // another block's were kept since
      unpack_byte_keys(head.keys[block], {head.exact_keys.data(), slot, dim});
    for (size_t t = 0; t < rows.rows; ++t)
      std::copy_n(rows.row(t), dim, head.exact_keys.data() + (slot + t) * dim);
    head.exact_block = block;
    const size_t end = slot + rows.rows;
    if (slot == 0 || end == kBlock) {
      pack_byte_keys({head.exact_keys.data(), end, dim}, head.keys[block]);
    } else {
      for (size_t t = 0; t < rows.rows; ++t)
        append_byte_key(rows.row(t), dim, slot + t, head.keys[block]);
    }
  }
};

KvCache::KvCache(const std::vector<KvLayerShape>& layers, Operand operand)
    : impl_(std::make_unique<Impl>()) {
  impl_->operand = operand;
  for (const KvLayerShape& shape : layers) {
    Layer layer;
    layer.shape = shape;
    layer.heads.resize(shape.kv_heads);
    layer.views.resize(shape.kv_heads);
    if (shape.kv_heads > 0) {
      const size_t keys = key_block_bytes(operand, shape.head_dim);
      const size_t values = value_block_bytes(operand, shape.head_dim);
      layer.key_pool = &impl_->pools.try_emplace(keys, keys).first->second;
      layer.value_pool = &impl_->pools.try_emplace(values, values).first->second;
    }
    if (operand == Operand::int8)
      for (Head& head : layer.heads) head.exact_keys.resize(kBlock * shape.head_dim);
    impl_->layers.push_back(std::move(layer));
  }
}

KvCache::~KvCache() = default;
KvCache::KvCache(KvCache&&) noexcept = default;
KvCache& KvCache::operator=(KvCache&&) noexcept = default;

size_t KvCache::tokens() const { return impl_->tokens; }
size_t KvCache::layers() const { return impl_->layers.size(); }

std::span<const KvHeadView> KvCache::view(size_t layer) const {
  assert(layer < layers());
  return impl_->layers[layer].views;
}

size_t KvCache::bytes() const {
  size_t bytes = 0;
  for (const auto& [block_bytes, pool] : impl_->pools) bytes += pool.bytes();
  return bytes;
}

Status KvCache::reserve(size_t count) {
  Impl& impl = *impl_;
  const size_t held = impl.blocks;
  const size_t wanted = blocks_for(count + std::min(impl.tokens, SIZE_MAX - count));
  const size_t column = impl.column_bytes();
  if (wanted <= held) return {};
  if (column == 0) {  // no head holds anything
    impl.blocks = wanted;
    return {};
  }

  // In whole rows if there is memory for them, else as many as are wanted.
  const auto bytes = [&](size_t each) {
    return static_cast<double>(each) * static_cast<double>(column);
  };
  for (const size_t blocks : {impl.in_rows(wanted), wanted}) {
    if (bytes(blocks) > physical_memory()) continue;
    try {
      impl.grow(blocks);
      return {};
    } catch (const std::bad_alloc&) {
      impl.shrink(held);
    }
  }
  return out_of_memory(count, bytes(wanted));
}

void KvCache::write(ThreadPool& pool, size_t layer, ConstMatrix<float> keys,
                    ConstMatrix<float> values) {
  Impl& impl = *impl_;
  assert(layer < layers() && keys.rows == values.rows);
  assert(blocks_for(impl.tokens + keys.rows) <= impl.blocks);
  Layer& target = impl.layers[layer];
  const size_t dim = target.shape.head_dim;
  assert(keys.cols == target.heads.size() * dim && values.cols == keys.cols);
  // A task takes one head's keys or values, block by block in order.
  const auto write_half = [&](size_t task, size_t) {
    const size_t h = task / 2;
    Head& head = target.heads[h];
    for (size_t row = 0; row < keys.rows;) {
      const size_t block = (impl.tokens + row) / kBlock;
      const size_t slot = (impl.tokens + row) % kBlock;
      const size_t count = std::min(kBlock - slot, keys.rows - row);
      if (task % 2 == 0) {
        impl.write_keys(head, keys.rows_at(row, count).cols_at(h * dim, dim), block, slot);
      } else {
        pack_values(impl.operand, values.rows_at(row, count).cols_at(h * dim, dim), slot,
                    head.values[block]);
      }
      row += count;
    }
  };
  if (keys.rows < kParallelTokens) {
    for (size_t task = 0; task < 2 * target.heads.size(); ++task) write_half(task, 0);
  } else {
    pool.run(2 * target.heads.size(), write_half);
  }
}

void KvCache::commit(size_t count) {
  assert(blocks_for(impl_->tokens + count) <= impl_->blocks);
  impl_->tokens += count;
}

void KvCache::truncate(size_t count) {
  assert(count <= impl_->tokens);
  impl_->tokens = count;
  impl_->shrink(blocks_for(count));
  impl_->clear_tail();
}

}  // namespace fathom
