#include "fathom/base/block_pool.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <functional>
#include <utility>

namespace fathom {

BlockPool::BlockPool(size_t block_bytes, size_t slab_bytes)
    : block_bytes_(block_bytes), slab_bytes_(slab_bytes) {
  assert(block_bytes > 0 && block_bytes % 64 == 0 && block_bytes <= slab_bytes);
}

std::byte* BlockPool::take() {
  if (free_.empty()) grow();
  std::byte* block = free_.back();
  free_.pop_back();
  std::memset(block, 0, block_bytes_);
  return block;
}

void BlockPool::give_back(std::byte* block) { free_.push_back(block); }

void BlockPool::grow() {
  const size_t per_slab = slab_bytes_ / block_bytes_;
  free_.reserve((slabs_.size() + 1) * per_slab);
  Buffer<std::byte> slab(slab_bytes_);
  std::byte* begin = slab.data();
  slabs_.emplace(begin, std::move(slab));
  for (size_t i = per_slab; i-- > 0;) free_.push_back(begin + i * block_bytes_);
}

void BlockPool::trim() {
  // From high to low, so that blocks are taken in the order of their addresses again.
  std::ranges::sort(free_, std::greater<>());
  const auto per_slab = static_cast<ptrdiff_t>(slab_bytes_ / block_bytes_);
  for (auto slab = slabs_.begin(); slab != slabs_.end();) {
    std::byte* begin = slab->first;
    const auto first = std::ranges::lower_bound(free_, begin + slab_bytes_ - 1, std::greater<>());
    const auto last = std::ranges::upper_bound(free_, begin, std::greater<>());
    if (last - first == per_slab) {
      free_.erase(first, last);
      slab = slabs_.erase(slab);
    } else {
      ++slab;
    }
  }
}

}  // namespace fathom
