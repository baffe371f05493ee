// Every block type's meaning, written once over sixteen lanes and compiled for each instruction set
// by decode_<isa>.cc, which defines FATHOM_LANES: the namespace of its lanes_<isa>.h.
//
// A block type is read sixteen elements (a group) at a time: element = scale * code + offset, where
// code is an integer of at most 8 bits and scale and offset come from the block's f16 values and
// small integers. The product is exact in f32 (11 + 6 + 7 bits at most), so that a fused
// multiply-add rounds as the separate operations do and all instruction sets agree bit for bit.
//
// Multi-byte fields are little-endian, as is every machine that Fathom runs on. Layouts:
// ggml-common.h, block_q4_0 and so on; each struct lists its block's bytes in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "fathom/quant/block_kernels.h"

namespace fathom::FATHOM_LANES {
namespace {

template <class T>
T load(const uint8_t* p) {
  T value;
  std::memcpy(&value, p, sizeof(T));
  return value;
}

// The codes of the types whose steps are even: -16 to 31, of which each has a run of 16 or 32.
constexpr int8_t kCodes[48] = {-16, -15, -14, -13, -12, -11, -10, -9, -8, -7, -6, -5,
                               -4,  -3,  -2,  -1,  0,   1,   2,   3,  4,  5,  6,  7,
                               8,   9,   10,  11,  12,  13,  14,  15, 16, 17, 18, 19,
                               20,  21,  22,  23,  24,  25,  26,  27, 28, 29, 30, 31};

// Adding it changes no number, not even the sign of a zero, as adding 0 would.
constexpr float kNoOffset = -0.0F;

// Sixteen 4-bit codes: the low or the high halves of sixteen bytes.
template <size_t half>
Bytes nibbles(const uint8_t* p) {
  return field(load_bytes(p), 4 * half, 15);
}

// f16 d, 32 nibbles: the low ones are elements 0-15, the high ones 16-31. d * (code - 8).
struct Q4_0 {
  static constexpr size_t kElements = 32, kBytes = 18;
  const uint8_t* block;
  Palette palette{kCodes + 8, splat_half(block), splat(kNoOffset)};

  template <size_t group>
  Floats values() const {
    return palette.pick<group>(block + 2);
  }
};

// f16 d, f16 m, 32 nibbles as in Q4_0. d * code + m.
struct Q4_1 {
  static constexpr size_t kElements = 32, kBytes = 20;
  const uint8_t* block;
  Palette palette{kCodes + 16, splat_half(block), splat_half(block + 2)};

  template <size_t group>
  Floats values() const {
    return palette.pick<group>(block + 4);
  }
};

// f16 d, 32 fifth bits, 32 nibbles as in Q4_0. d * (code - 16).
struct Q5_0 {
  static constexpr size_t kElements = 32, kBytes = 22;
  const uint8_t* block;
  WidePalette palette{kCodes, splat_half(block), splat(kNoOffset)};

  template <size_t group>
  Floats values() const {
    return palette.pick<group>(block + 6, block + 2 + 2 * group);
  }
};

// f16 d, f16 m, 32 fifth bits, 32 nibbles as in Q4_0. d * code + m.
struct Q5_1 {
  static constexpr size_t kElements = 32, kBytes = 24;
  const uint8_t* block;
  WidePalette palette{kCodes + 16, splat_half(block), splat_half(block + 2)};

  template <size_t group>
  Floats values() const {
    return palette.pick<group>(block + 8, block + 4 + 2 * group);
  }
};

// f16 d, 32 signed bytes. d * code.
struct Q8_0 {
  static constexpr size_t kElements = 32, kBytes = 34;
  const uint8_t* block;
  Floats d = splat_half(block);

  template <size_t group>
  Floats values() const {
    return multiply(widen(load_bytes(block + 2 + 16 * group)), d);
  }
};

constexpr int8_t kIq4Values[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                   1,    13,   25,  38,  53,  69,  89,  113};

// f16 d, 32 nibbles as in Q4_0, each an index into a table of uneven steps. d * table[code].
struct IQ4_NL {
  static constexpr size_t kElements = 32, kBytes = 18;
  const uint8_t* block;
  Palette palette{kIq4Values, splat_half(block), splat(kNoOffset)};

  template <size_t group>
  Floats values() const {
    return palette.pick<group>(block + 2);
  }
};

// The scale and offset of each part of a 256-element block.
struct Parts {
  alignas(64) float scale[16];
  alignas(64) float offset[16];
};

// Sixteen parts: 16 bytes, each a 4-bit scale below a 4-bit minimum; 256 2-bit codes in two runs of
// 32 bytes, each run four times 32 codes from the lowest bits up; f16 d, f16 dmin.
// d * scale * code - dmin * minimum.
struct Q2_K {
  static constexpr size_t kElements = 256, kBytes = 84;
  const uint8_t* block;
  Parts parts = split(block);

  static Parts split(const uint8_t* block) {
    const Bytes packed = load_bytes(block);
    Parts y;
    store_floats(y.scale, multiply(widen(field(packed, 0, 15)), splat(load_half(block + 80))));
    store_floats(y.offset, multiply(widen(field(packed, 4, 15)), splat(-load_half(block + 82))));
    return y;
  }

  template <size_t group>
  Floats values() const {
    const uint8_t* codes = block + 16 + 32 * (group / 8) + 16 * (group % 2);
    const Bytes code = field(load_bytes(codes), 2 * (group % 8 / 2), 3);
    return multiply_add(widen(code), splat(parts.scale[group]), splat(parts.offset[group]));
  }
};

// Sixteen parts: 256 third bits (bit i of the 32 bytes is elements 32 i to 32 i + 31), 256 2-bit
// codes as in Q2_K, 16 6-bit scales (low halves in 8 bytes, high bits in 4), f16 d.
// d * (scale - 32) * (code - 4).
struct Q3_K {
  static constexpr size_t kElements = 256, kBytes = 110;
  const uint8_t* block;
  Parts parts = split(block);

  static Parts split(const uint8_t* block) {
    const uint64_t low = load<uint64_t>(block + 96);
    const uint64_t high = load<uint32_t>(block + 104);
    const uint64_t four_bits = 0x0f0f0f0f0f0f0f0f, two_bits = 0x0303030303030303;
    const Bytes scales =
        pack_bytes((low & four_bits) | ((high | high >> 2 << 32) & two_bits) << 4,
                   (low >> 4 & four_bits) | ((high >> 4 | high >> 6 << 32) & two_bits) << 4);
    Parts y;
    store_floats(y.scale, multiply(widen(minus(scales, 32)), splat_half(block + 108)));
    return y;
  }

  template <size_t group>
  Floats values() const {
    const uint8_t* codes = block + 32 + 32 * (group / 8) + 16 * (group % 2);
    const Bytes low = field(load_bytes(codes), 2 * (group % 8 / 2), 3);
    const Bytes third = field(load_bytes(block + 16 * (group % 2)), group / 2, 1);
    return multiply(widen(minus(join(low, third, 2), 4)), splat(parts.scale[group]));
  }
};

// The eight parts of Q4_K and Q5_K: f16 d, f16 dmin, then eight 6-bit scales and eight 6-bit minima
// in 12 bytes: four scales, four minima, and four bytes with the low halves of the other four of
// each, whose top two bits lie above the first ones. d * scale * code - dmin * minimum.
inline Parts split_4_and_5(const uint8_t* block) {
  const uint64_t six_bits = 0x3f3f3f3f, four_bits = 0x0f0f0f0f, top_bits = 0x30303030;
  const uint64_t first_scales = load<uint32_t>(block + 4), first_minima = load<uint32_t>(block + 8),
                 halves = load<uint32_t>(block + 12);
  const uint64_t scales =
      (first_scales & six_bits) | ((halves & four_bits) | (first_scales >> 2 & top_bits)) << 32;
  const uint64_t minima = (first_minima & six_bits) |
                          ((halves >> 4 & four_bits) | (first_minima >> 2 & top_bits)) << 32;
  Parts y;
  store_floats(y.scale, multiply(widen(pack_bytes(scales, 0)), splat_half(block)));
  store_floats(y.offset, multiply(widen(pack_bytes(minima, 0)), splat(-load_half(block + 2))));
  return y;
}

// Eight parts, then 256 nibbles in four runs of 32 bytes: the low ones before the high ones.
struct Q4_K {
  static constexpr size_t kElements = 256, kBytes = 144;
  const uint8_t* block;
  Parts parts = split_4_and_5(block);

  template <size_t group>
  Floats values() const {
    const Palette palette(kCodes + 16, splat(parts.scale[group / 2]),
                          splat(parts.offset[group / 2]));
    return palette.pick<group % 4 / 2>(block + 16 + 32 * (group / 4) + 16 * (group % 2));
  }
};

// Eight parts, 256 fifth bits laid out as Q3_K's third ones, 256 nibbles as in Q4_K.
struct Q5_K {
  static constexpr size_t kElements = 256, kBytes = 176;
  const uint8_t* block;
  Parts parts = split_4_and_5(block);

  template <size_t group>
  Floats values() const {
    const Bytes low = nibbles<group % 4 / 2>(block + 48 + 32 * (group / 4) + 16 * (group % 2));
    const Bytes fifth = field(load_bytes(block + 16 + 16 * (group % 2)), group / 2, 1);
    return multiply_add(widen(join(low, fifth, 4)), splat(parts.scale[group / 2]),
                        splat(parts.offset[group / 2]));
  }
};

// Sixteen parts: 256 nibbles in two runs of 64 bytes, the low ones before the high ones; 256 pairs
// of upper bits as Q2_K's codes; 16 signed scales; f16 d. d * scale * (code - 32).
struct Q6_K {
  static constexpr size_t kElements = 256, kBytes = 210;
  const uint8_t* block;
  Parts parts = split(block);

  static Parts split(const uint8_t* block) {
    Parts y;
    store_floats(y.scale, multiply(widen(load_bytes(block + 192)), splat(load_half(block + 208))));
    return y;
  }

  template <size_t group>
  Floats values() const {
    const Bytes low = nibbles<group % 8 / 4>(block + 64 * (group / 8) + 16 * (group % 4));
    const Bytes upper = field(load_bytes(block + 128 + 32 * (group / 8) + 16 * (group % 2)),
                              2 * (group % 8 / 2), 3);
    return multiply(widen(minus(join(low, upper, 4), 32)), splat(parts.scale[group]));
  }
};

// Eight parts: f16 d, the upper two bits of the 6-bit scales in 2 bytes, their low halves in 4,
// then for each part 32 nibbles as in IQ4_NL. d * (scale - 32) * table[code].
struct IQ4_XS {
  static constexpr size_t kElements = 256, kBytes = 136;
  const uint8_t* block;
  Parts parts = split(block);

  static Parts split(const uint8_t* block) {
    const uint64_t upper = load<uint16_t>(block + 2), lower = load<uint32_t>(block + 4);
    uint64_t scales = 0;
    for (int i = 0; i < 8; ++i)
      scales |= ((lower >> (4 * i) & 15) | (upper >> (2 * i) & 3) << 4) << (8 * i);
    Parts y;
    store_floats(y.scale, multiply(widen(minus(pack_bytes(scales, 0), 32)), splat_half(block)));
    return y;
  }

  template <size_t group>
  Floats values() const {
    const Palette palette(kIq4Values, splat(parts.scale[group / 2]), splat(kNoOffset));
    return palette.pick<group % 2>(block + 8 + 16 * (group / 2));
  }
};

// The types that are not quantised, as blocks of one group. Their rows may end within one.
struct F32 {
  static constexpr size_t kElements = 16, kBytes = 64;
  const uint8_t* block;

  template <size_t group>
  Floats values() const {
    return load_f32(block);
  }
};

struct F16 {
  static constexpr size_t kElements = 16, kBytes = 32;
  const uint8_t* block;

  template <size_t group>
  Floats values() const {
    return load_f16(block);
  }
};

struct BF16 {
  static constexpr size_t kElements = 16, kBytes = 32;
  const uint8_t* block;

  template <size_t group>
  Floats values() const {
    return load_bf16(block);
  }
};

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

template <class Block>
constexpr BlockKernels kernels_of = {decode<Block>, dot<Block>};

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
