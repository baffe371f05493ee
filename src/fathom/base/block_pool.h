// Equal blocks of zeroed memory, cut from slabs that are large enough for huge pages.
//
// A block is taken and given back singly, and its address holds as long as it is in use. At most
// one slab more than needed is held after growing, and a slab is freed once none of it is in use.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "fathom/base/slab_source.h"

namespace fathom {

class BlockPool {
 public:
  static constexpr size_t kSlabBytes = size_t{4} << 20;  // two huge pages

  // `block_bytes`: a multiple of 64, so that every block is aligned, and at most `first_slab`.
  // `first_slab`, at most kSlabBytes: a pool that may stay small begins with smaller slabs, and
  // each is as large as all before it.
  // `source`: where slabs come from, which must outlive this; null: memory.
  explicit BlockPool(size_t block_bytes, size_t first_slab = kSlabBytes,
                     SlabSource* source = nullptr);
  ~BlockPool();
  BlockPool(BlockPool&&) noexcept = default;
  BlockPool& operator=(BlockPool&&) = delete;

  // A zeroed block: of those that are free the one given back last, or, after trim(), the one at
  // the lowest address. Throws std::bad_alloc.
  std::byte* take();
  // The content of a block, moved to the lowest free address after trim(), if that is lower and
  // nobody shares the block; else the block itself.
  std::byte* move_down(std::byte* block);
  void give_back(std::byte* block);
  // One holder more: the block is free again once each has given it back.
  void share(std::byte* block) { ++others_[block]; }
  bool is_shared(std::byte* block) const { return others_.contains(block); }
  // Frees the slabs of which nothing is in use.
  void trim();

  size_t block_bytes() const { return block_bytes_; }
  size_t bytes() const { return bytes_; }

 private:
  void grow();

  size_t block_bytes_;
  size_t first_slab_;
  size_t bytes_ = 0;
  std::unique_ptr<SlabSource> memory_;  // unless one was given
  SlabSource* source_;
  std::map<std::byte*, size_t> slabs_;  // their sizes, by address
  std::vector<std::byte*> free_;        // has room for every block: give_back cannot fail
  std::unordered_map<std::byte*, size_t> others_;  // how many hold a block besides the first
};

}  // namespace fathom
