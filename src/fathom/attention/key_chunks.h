// A text cut into chunks where its keys change, and one key that stands for each chunk.
//
// The dynamic chunks of DHSA's first version (arXiv:2510.24606v1), with the likeness of
// neighbouring keys in place of its trained predictor. At a gap between two tokens, the keys of the
// kSide tokens before it are summed, and those of the kSide after it, all KV heads side by side;
// how alike they are is the cosine of the two sums. Of every `block` tokens, once all are there,
// the least alike gaps become bounds, more than half a chunk's usual length from each other and
// from the block's ends, until there are so many as make chunks of the usual length. So chunks
// depend on nothing after their block, nor on how the text was cut into calls, and none spans two
// blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fathom/base/matrix.h"

namespace fathom {

class KeyChunks {
 public:
  static constexpr size_t kSide = 4;  // tokens on each side of a gap

  // `usual`: tokens a chunk on average, where gaps enough are free; `block`: at most. Both >= 1.
  KeyChunks(size_t kv_heads, size_t head_dim, int64_t usual, int64_t block);

  // Keys, [n, kv_heads * head_dim], of the n tokens after those it has.
  void append(ConstMatrix<float> keys);

  // Chunk i is the tokens [begins()[i], begins()[i + 1]); those from the last begin on are in none
  // yet.
  std::span<const int64_t> begins() const { return begins_; }
  // out[i] = query . (mean of chunk i's keys, of all KV heads) * sqrt(tokens in chunk i), for the
  // first out.size() chunks.
  void score(std::span<const float> query, std::span<float> out) const;
  size_t bytes() const;

 private:
  void cut_block();
  std::vector<float> likeness() const;
  void close(size_t first, size_t end);

  size_t kv_heads_, head_dim_;
  int64_t usual_, block_;
  std::vector<float> open_;  // keys of the block that is not full: [tokens, kv_heads * head_dim]
  std::vector<int64_t> begins_{0};
  std::vector<float> keys_;  // [chunks, head_dim]
};

}  // namespace fathom
