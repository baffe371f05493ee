// The block types of 256 elements, cut into parts with a small scale each ("K-quants" and IQ4_XS).
// Part of decode_impl.h, which says how a block type is written. Each struct's comment lists its
// block's bytes in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fathom/quant/blocks_32.h"

namespace fathom::FATHOM_LANES {
namespace {

// The scale and offset of each part of a 256-element block.
struct Parts {
  alignas(64) float scale[16];
  alignas(64) float offset[16];

  template <size_t count>
  void copy(float* scales) const {
    std::memcpy(scales, scale, count * sizeof(float));
  }
  template <size_t count>
  void copy(float* scales, float* minima) const {
    copy<count>(scales);
    std::memcpy(minima, offset, count * sizeof(float));
  }
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
    return multiply_add(widen(codes<group>()), splat(parts.scale[group]),
                        splat(parts.offset[group]));
  }

  // The same as integers (codes.h).
  static constexpr size_t kGroup = 16;
  static constexpr uint8_t kZero = 0;
  static constexpr bool kMinima = true;
  template <size_t group>
  Bytes codes() const {
    const uint8_t* codes = block + 16 + 32 * (group / 8) + 16 * (group % 2);
    return field(load_bytes(codes), 2 * (group % 8 / 2), 3);
  }
  void steps(float* scales, float* minima) const { parts.copy<16>(scales, minima); }
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
    return multiply(widen(minus(codes<group>(), kZero)), splat(parts.scale[group]));
  }

  // The same as integers (codes.h).
  static constexpr size_t kGroup = 16;
  static constexpr uint8_t kZero = 4;
  static constexpr bool kMinima = false;
  template <size_t group>
  Bytes codes() const {
    const uint8_t* codes = block + 32 + 32 * (group / 8) + 16 * (group % 2);
    const Bytes low = field(load_bytes(codes), 2 * (group % 8 / 2), 3);
    return join(low, field(load_bytes(block + 16 * (group % 2)), group / 2, 1), 2);
  }
  void steps(float* scales, float*) const { parts.copy<16>(scales); }
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

  // The same as integers (codes.h).
  static constexpr size_t kGroup = 32;
  static constexpr uint8_t kZero = 0;
  static constexpr bool kMinima = true;
  template <size_t group>
  Bytes codes() const {
    return nibbles<group % 4 / 2>(block + 16 + 32 * (group / 4) + 16 * (group % 2));
  }
  void steps(float* scales, float* minima) const { parts.copy<8>(scales, minima); }
};

// Eight parts, 256 fifth bits laid out as Q3_K's third ones, 256 nibbles as in Q4_K.
struct Q5_K {
  static constexpr size_t kElements = 256, kBytes = 176;
  const uint8_t* block;
  Parts parts = split_4_and_5(block);

  template <size_t group>
  Floats values() const {
    return multiply_add(widen(codes<group>()), splat(parts.scale[group / 2]),
                        splat(parts.offset[group / 2]));
  }

  // The same as integers (codes.h).
  static constexpr size_t kGroup = 32;
  static constexpr uint8_t kZero = 0;
  static constexpr bool kMinima = true;
  template <size_t group>
  Bytes codes() const {
    const Bytes low = nibbles<group % 4 / 2>(block + 48 + 32 * (group / 4) + 16 * (group % 2));
    return join(low, field(load_bytes(block + 16 + 16 * (group % 2)), group / 2, 1), 4);
  }
  void steps(float* scales, float* minima) const { parts.copy<8>(scales, minima); }
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
    return multiply(widen(minus(codes<group>(), kZero)), splat(parts.scale[group]));
  }

  // The same as integers (codes.h).
  static constexpr size_t kGroup = 16;
  static constexpr uint8_t kZero = 32;
  static constexpr bool kMinima = false;
  template <size_t group>
  Bytes codes() const {
    const Bytes low = nibbles<group % 8 / 4>(block + 64 * (group / 8) + 16 * (group % 4));
    const Bytes upper = field(load_bytes(block + 128 + 32 * (group / 8) + 16 * (group % 2)),
                              2 * (group % 8 / 2), 3);
    return join(low, upper, 4);
  }
  void steps(float* scales, float*) const { parts.copy<16>(scales); }
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

  // The same as integers (codes.h).
  static constexpr size_t kGroup = 32;
  static constexpr uint8_t kZero = 128;
  static constexpr bool kMinima = false;
  template <size_t group>
  Bytes codes() const {
    return minus(look_up(kIq4Values, nibbles<group % 2>(block + 8 + 16 * (group / 2))), kZero);
  }
  void steps(float* scales, float*) const { parts.copy<8>(scales); }
};

}  // namespace
}  // namespace fathom::FATHOM_LANES
