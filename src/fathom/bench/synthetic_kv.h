// Random keys and values: packed as attend() reads them, and as plain rows to check it against.
//
// A few thousand rows of normal numbers, repeated: what a product costs does not depend on them.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "fathom/base/buffer.h"
#include "fathom/kernels/attend.h"
#include "fathom/kv/cache.h"

namespace fathom {

class SyntheticKv {
 public:
  // `copies` caches of the same `tokens`, so that going round them reads from memory. As in a
  // KvCache, a head's first block and its last are plain, unless the latter is whole.
  SyntheticKv(const KvFormat& format, size_t kv_heads, size_t head_dim, size_t tokens,
              size_t copies);

  // One view per KV head.
  std::span<const KvHeadView> views(size_t copy) const {
    return {views_.data() + copy * kv_heads_, kv_heads_};
  }
  size_t copies() const { return views_.size() / kv_heads_; }

  // [head_dim], before they were rounded to the operand.
  const float* key(size_t kv_head, size_t token) const { return keys_.data() + at(kv_head, token); }
  const float* value(size_t kv_head, size_t token) const {
    return values_.data() + at(kv_head, token);
  }

 private:
  size_t at(size_t kv_head, size_t token) const;
  void lay_out(const KvFormat& format, size_t copies);
  void write_keys(const KvFormat& format, bool coded, size_t first, std::byte* block) const;
  void write_values(const KvFormat& format, bool coded, size_t first, std::byte* block) const;

  size_t kv_heads_, head_dim_;
  size_t copy_bytes_ = 0;
  std::vector<float> keys_, values_;
  Buffer<std::byte> memory_;
  std::vector<const std::byte*> key_blocks_, value_blocks_;
  std::vector<uint8_t> coded_;  // of a head's blocks
  std::vector<KvHeadView> views_;
};

// Bytes of `tokens` keys and values, of all KV heads.
size_t kv_bytes(const KvFormat& format, size_t kv_heads, size_t head_dim, size_t tokens);
size_t kv_bytes(Operand operand, size_t kv_heads, size_t head_dim, size_t tokens);

std::vector<float> random_normal(size_t count, uint32_t seed);

}  // namespace fathom
