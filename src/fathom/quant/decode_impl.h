// Every block type's meaning, written once over sixteen lanes and compiled for each instruction set
// by decode_<isa>.cc, which defines FATHOM_LANES: the namespace of its lanes_<isa>.h.
//
// A block type is read sixteen elements (a group) at a time: element = scale * code + offset, where
// code is an integer of at most 8 bits and scale and offset come from the block's f16 values and
// small integers. The product is exact in f32 (11 + 6 + 7 bits at most), so that a fused
// multiply-add rounds as the separate operations do and all instruction sets agree bit for bit.
//
// Multi-byte fields are little-endian, as is every machine that Fathom runs on. Layouts:
// ggml-common.h, block_q4_0 and so on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "fathom/quant/block_kernels.h"
#include "fathom/quant/blocks_256.h"
#include "fathom/quant/blocks_32.h"

namespace fathom::FATHOM_LANES {
namespace {

template <class Block, size_t... group>
void decode_block(const uint8_t* source, float* target, std::index_sequence<group...>) {
  const Block block{source};
  (store_floats(target + 16 * group, block.template values<group>()), ...);
}

template <class Block>
void decode(const std::byte* source, float* target, size_t count) {
  constexpr std::make_index_sequence<Block::kElements / 16> groups;
  const auto* p = reinterpret_cast<const uint8_t*>(source);
  for (; count >= Block::kElements; count -= Block::kElements) {
    decode_block<Block>(p, target, groups);
    p += Block::kBytes;
    target += Block::kElements;
  }
  if (count > 0) {
    uint8_t padded[Block::kBytes] = {};
    float values[Block::kElements];
    std::memcpy(padded, p, count * (Block::kBytes / Block::kElements));
    decode_block<Block>(padded, values, groups);
    std::memcpy(target, values, count * sizeof(float));
  }
}

// Four sums, so that one multiply-add need not wait for the one before it.
struct Sums {
  Floats part[4] = {splat(0), splat(0), splat(0), splat(0)};
};

template <size_t first, class Block, size_t... group>
void dot_block(const uint8_t* source, const float* x, Sums& sums, std::index_sequence<group...>) {
  const Block block{source};
  ((sums.part[(first + group) % 4] =
        multiply_add(block.template values<group>(), load_floats(x + 16 * group),
                     sums.part[(first + group) % 4])),
   ...);
}

template <class Block>
float dot(const std::byte* source, const float* x, size_t count) {
  constexpr size_t n = Block::kElements / 16;
  constexpr std::make_index_sequence<n> groups;
  const auto* p = reinterpret_cast<const uint8_t*>(source);
  Sums sums;
  if constexpr (n < 4) {  // several small blocks fill the four sums
    for (; count >= 64; count -= 64) {
      dot_block<0, Block>(p, x, sums, groups);
      dot_block<n, Block>(p + Block::kBytes, x + 16 * n, sums, groups);
      if constexpr (n == 1) {
        dot_block<2, Block>(p + 2 * Block::kBytes, x + 32, sums, groups);
        dot_block<3, Block>(p + 3 * Block::kBytes, x + 48, sums, groups);
      }
      p += 4 / n * Block::kBytes;
      x += 64;
    }
  }
  for (; count >= Block::kElements; count -= Block::kElements) {
    dot_block<0, Block>(p, x, sums, groups);
    p += Block::kBytes;
    x += Block::kElements;
  }
  if (count > 0) {
    uint8_t padded[Block::kBytes] = {};
    float rest[Block::kElements] = {};
    std::memcpy(padded, p, count * (Block::kBytes / Block::kElements));
    std::memcpy(rest, x, count * sizeof(float));
    dot_block<0, Block>(padded, rest, sums, groups);
  }
  return sum(add(add(sums.part[0], sums.part[1]), add(sums.part[2], sums.part[3])));
}

template <class Block, size_t... group>
void unpack_block(const Block& block, uint8_t* codes, std::index_sequence<group...>) {
  (store_bytes(codes + 16 * group, block.template codes<group>()), ...);
}

template <class Block>
void unpack(const std::byte* source, size_t count, uint8_t* codes, float* scales, float* minima) {
  const auto* p = reinterpret_cast<const uint8_t*>(source);
  for (; count > 0; count -= Block::kElements) {
    const Block block{p};
    unpack_block(block, codes, std::make_index_sequence<Block::kElements / 16>());
    block.steps(scales, minima);
    p += Block::kBytes;
    codes += Block::kElements;
    scales += Block::kElements / Block::kGroup;
    if constexpr (Block::kMinima) minima += Block::kElements / Block::kGroup;
  }
}

template <class Block>
constexpr BlockKernels make_kernels() {
  BlockKernels kernels = {decode<Block>, dot<Block>, {}};
  if constexpr (requires { Block::kGroup; })
    kernels.codes = {unpack<Block>, Block::kGroup, Block::kZero, Block::kMinima};
  return kernels;
}

template <class Block>
constexpr BlockKernels kernels_of = make_kernels<Block>();

}  // namespace

BlockKernels kernels(DType type) {
  switch (type) {
    case DType::f32:
      return kernels_of<F32>;
    case DType::f16:
      return kernels_of<F16>;
    case DType::bf16:
      return kernels_of<BF16>;
    case DType::q4_0:
      return kernels_of<Q4_0>;
    case DType::q4_1:
      return kernels_of<Q4_1>;
    case DType::q5_0:
      return kernels_of<Q5_0>;
    case DType::q5_1:
      return kernels_of<Q5_1>;
    case DType::q8_0:
      return kernels_of<Q8_0>;
    case DType::q2_k:
      return kernels_of<Q2_K>;
    case DType::q3_k:
      return kernels_of<Q3_K>;
    case DType::q4_k:
      return kernels_of<Q4_K>;
    case DType::q5_k:
      return kernels_of<Q5_K>;
    case DType::q6_k:
      return kernels_of<Q6_K>;
    case DType::iq4_nl:
      return kernels_of<IQ4_NL>;
    case DType::iq4_xs:
      return kernels_of<IQ4_XS>;
  }
  return {};
}

}  // namespace fathom::FATHOM_LANES
