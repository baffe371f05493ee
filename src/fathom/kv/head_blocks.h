// What one KV head holds: its slots, in blocks. kv/'s own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fathom/kv/block_source.h"

namespace fathom {

class HeadBlocks {
 public:
  HeadBlocks(const KvFormat& format, size_t head_dim, KvStorage& storage);

  // Shares the blocks of `other`, of the same format, pools and head size.
  void share(const HeadBlocks& other);

  size_t slots() const { return slots_; }
  size_t blocks() const { return coded_.size(); }
  bool is_coded(size_t block) const { return coded_[block] != 0; }
  std::byte* block(KvHalf half, size_t index) const { return list(half)[index]; }
  size_t bytes(KvHalf half, size_t index) const { return source(half).bytes(is_coded(index)); }
  KvHeadView view() const;

  // Takes plain blocks, or gives back the last ones, until there are `count`. Taking throws
  // std::bad_alloc, and then there may be fewer.
  void set_blocks(size_t count);
  // To be called before write(): what it writes to is this head's alone. Throws std::bad_alloc.
  void own_last();
  // Moves plain blocks to where the pool has room below them, so that slabs become free.
  void move_down();
  // Rows into the slots after slots(): of several threads, one for each half.
  void write(KvHalf half, ConstMatrix<float> rows);
  void add_slots(size_t count) { slots_ += count; }
  // A block as it was read from elsewhere, after the others.
  void add_block(bool coded);

  // Codes the whole blocks but for the first: begin_coding() takes room (and says whether there is
  // anything to do), code() may run on any thread, end_coding() frees what was plain. Where memory
  // runs out, blocks stay plain. `moved`: blocks may be plain before others that are coded.
  bool begin_coding(bool moved);
  void code(KvHalf half);
  void end_coding();

  // Keeps the first `count` slots, and no block besides theirs.
  void truncate(size_t count);
  // Keeps these slots, ascending: begin_keep() takes room (throws std::bad_alloc, and then nothing
  // changed) and returns how many blocks are to be written anew; gather() writes one, on any
  // thread; end_keep() frees the others. `slots` must last until then.
  size_t begin_keep(std::span<const uint32_t> slots);
  void gather(size_t index) const;
  void end_keep();

  // Slots [slot, slot + rows.rows).
  void read(KvHalf half, size_t slot, Matrix<float> rows) const;

 private:
  using List = std::vector<std::byte*>;
  // A block that is written anew of these slots: a plain one, or of kBlock slots a coded one.
  struct Gathered {
    KvHalf half;
    std::byte* block;
    bool coded;
    std::span<const uint32_t> slots;
  };
  // What is to be kept: as the members of these names will be.
  struct Keeping {
    size_t slots = 0;
    std::array<List, 2> lists;
    std::vector<uint8_t> coded;
    size_t exact_block = SIZE_MAX;
    std::vector<bool> moved;  // by block, whether it is kept as it is
    std::vector<Gathered> gathered;
  };
  static constexpr std::array kHalves = {KvHalf::keys, KvHalf::values};
  List& list(KvHalf half) { return lists_[static_cast<size_t>(half)]; }
  const List& list(KvHalf half) const { return lists_[static_cast<size_t>(half)]; }
  BlockSource& source(KvHalf half) { return sources_[static_cast<size_t>(half)]; }
  const BlockSource& source(KvHalf half) const { return sources_[static_cast<size_t>(half)]; }

  void write_byte_keys(ConstMatrix<float> rows, size_t block, size_t slot);
  void make_plain(size_t block, size_t count);
  void own(size_t block);
  void drop_last();
  void clear_tail();

  KvFormat format_;
  size_t dim_;
  size_t slots_ = 0;
  std::array<BlockSource, 2> sources_;
  std::array<List, 2> lists_;
  std::vector<uint8_t> coded_;  // by block
  // Blocks that are being coded, and what they are coded into.
  std::vector<size_t> coding_;
  std::array<List, 2> into_;
  Keeping keeping_;
  // Of keys in 8 bits: the rows of the block last written, [kBlock, head_dim], and which that is.
  std::vector<float> exact_keys_;
  size_t exact_block_ = 0;
};

}  // namespace fathom
