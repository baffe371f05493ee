// Where the parts of a coded block (coded_block.h) lie.
//
// A coded block follows the panel that attention multiplies in bf16 (panel.h): [rows][width] pairs
// of elements that meet in one product; `rows` is head_dim / 2 and `width` kBlock for keys, kBlock
// / 2 and the strip's for each strip of values. 16 bits: the pairs as they are. Fewer: a word of 32
// bits holds the codes of one column of 16 / bits adjacent rows, the first row's lowest, of each
// pair the first element's in the low half. So a shift, a mask and an exponent turn a vector of
// words into a row's pairs of bf16, 128 + code.
//
// After the codes, one Scale for each element of a column: keys have head_dim, every strip of
// values kBlock.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fathom/kernels/block_plan.h"
#include "fathom/kernels/kv_type.h"
#include "fathom/kernels/value_strip.h"

namespace fathom {

// Both bf16, as one word, which kernels load: x = low + step * code.
struct Scale {
  uint16_t step = 0;
  uint16_t low = 0;
};

[[gnu::always_inline]] constexpr bool has_scales(KvType type) {
  return type == KvType::q4 || type == KvType::q8;
}

[[gnu::always_inline]] constexpr size_t code_bits(KvType type) {
  return type == KvType::q4 ? 4 : type == KvType::q8 ? 8 : 16;
}

[[gnu::always_inline]] constexpr size_t coded_bytes(KvType type, size_t head_dim, size_t scales) {
  return head_dim * kBlock / 8 * code_bits(type) + (has_scales(type) ? scales * sizeof(Scale) : 0);
}

// One panel of a block. Always inlined: no instruction set's code may stand in for another's.
struct CodedPanel {
  const uint32_t* words = nullptr;
  const uint32_t* scales = nullptr;  // null if it has none
  size_t rows = 0;                   // of pairs
  size_t width = 0;                  // pairs in a row
  size_t head_dim = 0;
};

[[gnu::always_inline]] inline const uint32_t* coded_scales(KvType type, size_t head_dim,
                                                           const std::byte* block) {
  if (!has_scales(type)) return nullptr;
  return reinterpret_cast<const uint32_t*>(block + head_dim * kBlock / 8 * code_bits(type));
}

[[gnu::always_inline]] inline CodedPanel coded_keys(KvType type, size_t head_dim,
                                                    const std::byte* block) {
  return {reinterpret_cast<const uint32_t*>(block), coded_scales(type, head_dim, block),
          head_dim / 2, kBlock, head_dim};
}

// The strip of values whose first column is `first`.
[[gnu::always_inline]] inline CodedPanel coded_values(KvType type, size_t head_dim,
                                                      const std::byte* block, size_t first) {
  const size_t strip = value_strip(head_dim);
  const uint32_t* const scales = coded_scales(type, head_dim, block);
  return {reinterpret_cast<const uint32_t*>(block + first * kBlock / 8 * code_bits(type)),
          scales == nullptr ? nullptr : scales + first / strip * kBlock, kBlock / 2,
          first + strip < head_dim ? strip : head_dim - first, head_dim};
}

}  // namespace fathom
