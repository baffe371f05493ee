// The block types of 32 elements, and those that are not quantised. Part of decode_impl.h, which
// says how a block type is written. Each struct's comment lists its block's bytes in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

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

  // The same as integers (codes.h).
  static constexpr size_t kGroup = 32;
  static constexpr uint8_t kZero = 8;
  static constexpr bool kMinima = false;
  template <size_t group>
  Bytes codes() const {
    return nibbles<group>(block + 2);
  }
  void steps(float* scales, float*) const { *scales = load_half(block); }
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

  // The same as integers (codes.h).
  static constexpr size_t kGroup = 32;
  static constexpr uint8_t kZero = 0;
  static constexpr bool kMinima = true;
  template <size_t group>
  Bytes codes() const {
    return nibbles<group>(block + 4);
  }
  void steps(float* scales, float* minima) const {
    *scales = load_half(block);
    *minima = load_half(block + 2);
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

  // The same as integers (codes.h).
  static constexpr size_t kGroup = 32;
  static constexpr uint8_t kZero = 16;
  static constexpr bool kMinima = false;
  template <size_t group>
  Bytes codes() const {
    return join(nibbles<group>(block + 6), spread_bits(block + 2 + 2 * group), 4);
  }
  void steps(float* scales, float*) const { *scales = load_half(block); }
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

  // The same as integers (codes.h).
  static constexpr size_t kGroup = 32;
  static constexpr uint8_t kZero = 0;
  static constexpr bool kMinima = true;
  template <size_t group>
  Bytes codes() const {
    return join(nibbles<group>(block + 8), spread_bits(block + 4 + 2 * group), 4);
  }
  void steps(float* scales, float* minima) const {
    *scales = load_half(block);
    *minima = load_half(block + 2);
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

  // The same as integers (codes.h).
  static constexpr size_t kGroup = 32;
  static constexpr uint8_t kZero = 128;
  static constexpr bool kMinima = false;
  template <size_t group>
  Bytes codes() const {
    return minus(load_bytes(block + 2 + 16 * group), kZero);
  }
  void steps(float* scales, float*) const { *scales = load_half(block); }
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

  // The same as integers (codes.h).
  static constexpr size_t kGroup = 32;
  static constexpr uint8_t kZero = 128;
  static constexpr bool kMinima = false;
  template <size_t group>
  Bytes codes() const {
    return minus(look_up(kIq4Values, nibbles<group>(block + 2)), kZero);
  }
  void steps(float* scales, float*) const { *scales = load_half(block); }
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

}  // namespace
}  // namespace fathom::FATHOM_LANES
