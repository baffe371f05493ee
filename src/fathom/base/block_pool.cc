#include "fathom/base/block_pool.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <functional>
#include <utility>

namespace fathom {

BlockPool::BlockPool(size_t block_bytes, size_t first_slab, SlabSource* source)
    : block_bytes_(block_bytes),
      first_slab_(first_slab),
      memory_(source == nullptr ? std::make_unique<SlabSource>() : nullptr),
      source_(source == nullptr ? memory_.get() : source) {
  assert(block_bytes > 0 && block_bytes % 64 == 0 && block_bytes <= first_slab);
  assert(first_slab <= kSlabBytes);
}

BlockPool::~BlockPool() {
  for (const auto& [slab, bytes] : slabs_) source_->give_back(slab);
}

std::byte* BlockPool::take() {
  if (free_.empty()) grow();
  std::byte* block = free_.back();
  free_.pop_back();
  std::memset(block, 0, block_bytes_);
  return block;
}

std::byte* BlockPool::move_down(std::byte* block) {
  if (free_.empty() || free_.back() > block || is_shared(block)) return block;
  std::byte* const lower = free_.back();
  free_.pop_back();
  std::memcpy(lower, block, block_bytes_);
  free_.insert(free_.begin(), block);
  return lower;
}

void BlockPool::give_back(std::byte* block) {
  const auto others = others_.find(block);
  if (others == others_.end()) {
    free_.push_back(block);
  } else if (--others->second == 0) {
    others_.erase(others);
  }
}

void BlockPool::grow() {
  const size_t bytes = std::clamp(bytes_, first_slab_, kSlabBytes);
  const size_t blocks = bytes / block_bytes_;
  free_.reserve((bytes_ + bytes) / block_bytes_);
  std::byte* const begin = source_->take(bytes);
  bytes_ += bytes;
  slabs_.emplace(begin, bytes);
  for (size_t i = blocks; i-- > 0;) free_.push_back(begin + i * block_bytes_);
}

void BlockPool::trim() {
  // From high to low, so that blocks are taken in the order of their addresses again.
  std::ranges::sort(free_, std::greater<>());
  for (auto slab = slabs_.begin(); slab != slabs_.end();) {
    std::byte* begin = slab->first;
    const size_t size = slab->second;
    const auto first = std::ranges::lower_bound(free_, begin + size - 1, std::greater<>());
    const auto last = std::ranges::upper_bound(free_, begin, std::greater<>());
    if (last - first == static_cast<ptrdiff_t>(size / block_bytes_)) {
      free_.erase(first, last);
      bytes_ -= size;
      source_->give_back(begin);
      slab = slabs_.erase(slab);
    } else {
      ++slab;
    }
  }
}

}  // namespace fathom
