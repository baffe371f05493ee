// The key-value cache: per layer and per KV head, in blocks laid out as the attention kernel reads
// them (kernels/panel.h, kernels/coded_block.h).
//
// Three words: a token has a position in the text; it lies in a slot of a head; slots fill in order
// of position. Until something is dropped a slot is a position; after that positions() tells, for
// each head, since heads may hold different tokens.
//
// Blocks come from a pool (block_pool.h) and move only when keep() closes gaps; slots that hold
// nothing are zero.
//
// Where the format's types are coded, blocks are plain while tokens come: they are coded once they
// are whole and committed, but for a head's first block, which everything looks at (Xiao et al.
// 2023, arXiv:2309.17453). So a token meets its own step's keys as they are.
//
// Keys in 8 bits (Operand::int8) share their block's mean. It is that of the keys of which the
// block was begun, until the block is full and all are rounded anew about their own: what a full
// block holds does not depend on how its tokens came, as long as none were cut off. Until then they
// are kept in f32 beside it; where they are not (a block that was cut, and others written since)
// keys go on as they had been rounded.
//
// A step is: reserve(n); for each layer write(layer, ...) the n new tokens' keys and values and
// attend over view(layer); then commit(n). Keys are stored as they come: after RoPE
// (model/forward.cc).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "fathom/base/matrix.h"
#include "fathom/base/position.h"
#include "fathom/base/result.h"
#include "fathom/base/slab_source.h"
#include "fathom/base/thread_pool.h"
#include "fathom/kernels/attend.h"

namespace fathom {

struct KvLayerShape {
  size_t kv_heads = 0;
  size_t head_dim = 0;
  bool operator==(const KvLayerShape&) const = default;
};

// What attention multiplies in, and how whole blocks are stored.
struct KvFormat {
  Operand operand = Operand::bf16;
  KvType keys = plain_type(operand);  // with Operand::int8, bf16: keys are as that operand has them
  KvType values = plain_type(operand);
  // Whether queries and keys are to be rotated by a Hadamard matrix, which spreads the channels
  // that stand out: it pays where all channels are rounded alike, and costs where each has its own
  // step (docs/cache.md has the figures).
  bool rotates_keys() const {
    return operand != Operand::f32 && keys != KvType::q8 && keys != KvType::q4;
  }
  bool coded() const { return keys != plain_type(operand) || values != plain_type(operand); }
  bool operator==(const KvFormat&) const = default;
};

// One block of a head as it lies in memory: all its slots, those that hold nothing too.
struct KvBlock {
  std::span<std::byte> keys, values;
  bool coded = false;
};

class KvCache {
 public:
  // `source`: where the blocks lie; memory unless it is given.
  KvCache(const std::vector<KvLayerShape>& layers, const KvFormat& format, SlabSource source = {});
  ~KvCache();
  KvCache(KvCache&&) noexcept;
  KvCache& operator=(KvCache&&) noexcept;

  // A cache of the same tokens that shares this one's blocks: either copies a block before it
  // changes it. bytes() counts what both hold. To be used by one thread at a time.
  KvCache fork() const;

  const KvFormat& format() const;
  size_t layers() const;
  const KvLayerShape& shape(size_t layer) const;
  size_t tokens() const;  // committed, whether they are still held or not

  // Room for `count` tokens after the committed ones in every layer. Error: memory ran out; the
  // cache is as it was, and the message says how much was wanted.
  Status reserve(size_t count);

  // Keys and values, [n, kv_heads * head_dim], of the n tokens after the committed ones. Writing a
  // layer again before commit() replaces them.
  void write(ThreadPool& pool, size_t layer, ConstMatrix<float> keys, ConstMatrix<float> values);

  // One view per KV head of a layer, valid until the next reserve(), commit(), keep() or
  // truncate().
  std::span<const KvHeadView> view(size_t layer) const;

  void commit(ThreadPool& pool, size_t count);
  // Forgets all tokens from position `count` on, and what was written after them but not committed;
  // frees the blocks that only they used, and room that was reserved. What was dropped stays so.
  void truncate(size_t count);

  // Slots of a head that hold committed tokens; and the positions of all slots, those written and
  // not committed included, ascending. Valid until the next write(), commit(), keep(), truncate().
  size_t slots(size_t layer, size_t kv_head) const;
  std::span<const Position> positions(size_t layer, size_t kv_head) const;
  // Whether no head of the layer has dropped anything.
  bool whole(size_t layer) const;

  // Keeps the tokens at these slots of a head, ascending, and frees the others. Between steps.
  // Whole blocks are taken over as they are; others are written anew, and coded anew where they
  // were coded. Throws std::bad_alloc, and then the head is as it was.
  void keep(ThreadPool& pool, size_t layer, size_t kv_head, std::span<const uint32_t> slots);

  // Whether commit() codes whole blocks: true unless set. A cache that drops tokens again and again
  // would round its keys as often; settle() codes what is whole.
  void set_coding(bool coding);
  void settle(ThreadPool& pool);
  // Gives back memory of which nothing is in use; plain blocks move together first.
  void trim();

  // The committed tokens of a head, [slots, head_dim], as the cache has them.
  void read_keys(size_t layer, size_t kv_head, Matrix<float> rows) const;
  void read_values(size_t layer, size_t kv_head, Matrix<float> rows) const;

  // The blocks of a head's committed tokens as they lie in memory, and a cache made of such: while
  // it is empty, add_block() takes a head's blocks in turn, whose bytes are then filled in, and
  // restore() says how many tokens there are, and which each head has, by layer and head; none:
  // all. Throws std::bad_alloc.
  size_t blocks(size_t layer, size_t kv_head) const;
  KvBlock block(size_t layer, size_t kv_head, size_t index) const;
  KvBlock add_block(size_t layer, size_t kv_head, bool coded);
  void restore(size_t tokens, std::span<const std::vector<Position>> positions = {});

  size_t bytes() const;  // allocated for blocks; up to an eighth (of at most 2,048 tokens) ahead
  size_t bytes_in_memory() const;  // of these, what does not lie in the source's file
  bool has_file() const;
  void rest() const;  // lets go of what the file's blocks have in memory (slab_source.h)

 private:
  KvCache() = default;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fathom
