// The key-value cache: per layer and per KV head, in blocks laid out as the attention kernel reads
// them (kernels/panel.h). Nothing is ever repacked.
//
// Blocks come from a pool (block_pool.h) and never move; slots that hold nothing are zero.
//
// Keys in 8 bits (Operand::int8) share their block's mean. It is that of the keys of which the
// block was begun, until the block is full and all are rounded anew about their own: what a full
// block holds does not depend on how its tokens came, as long as none were cut off. Until then they
// are kept in f32 beside it; keys of a block that was cut go on as they had been rounded.
//
// Slots fill in order. A step is: reserve(n); for each layer write(layer, ...) the n new tokens'
// keys and values and attend over view(layer); then commit(n). Keys are stored as they come: after
// RoPE, and rotated unless in f32 (model/forward.cc).
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "fathom/base/matrix.h"
#include "fathom/base/result.h"
#include "fathom/base/thread_pool.h"
#include "fathom/kernels/attend.h"

namespace fathom {

struct KvLayerShape {
  size_t kv_heads = 0;
  size_t head_dim = 0;
  bool operator==(const KvLayerShape&) const = default;
};

class KvCache {
 public:
  KvCache(const std::vector<KvLayerShape>& layers, Operand operand);
  ~KvCache();
  KvCache(KvCache&&) noexcept;
  KvCache& operator=(KvCache&&) noexcept;

  size_t tokens() const;  // committed
  size_t layers() const;

  // Room for `count` tokens after the committed ones in every layer. Error: memory ran out; the
  // cache is as it was, and the message says how much was wanted.
  Status reserve(size_t count);

  // Keys and values, [n, kv_heads * head_dim], of the n tokens after the committed ones.
  void write(ThreadPool& pool, size_t layer, ConstMatrix<float> keys, ConstMatrix<float> values);

  // One view per KV head of a layer, valid until the next reserve() or truncate().
  std::span<const KvHeadView> view(size_t layer) const;

  void commit(size_t count);
  // Forgets all tokens from `count` on, and what was written after them but not committed; frees
  // the blocks that only they used, and room that was reserved.
  void truncate(size_t count);

  size_t bytes() const;  // allocated for blocks; up to an eighth (of at most 2,048 tokens) ahead

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fathom
