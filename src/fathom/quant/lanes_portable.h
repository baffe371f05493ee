// Sixteen lanes of bytes and of f32 in plain C++: the specification of lanes_avx2.h and
// lanes_avx512.h, which offer the same names.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "fathom/base/half.h"

namespace fathom::decode_portable {
namespace {

struct Bytes {
  std::array<uint8_t, 16> lane;
};
struct Floats {
  std::array<float, 16> lane;
};

inline Bytes load_bytes(const uint8_t* p) {
  Bytes y;
  std::memcpy(y.lane.data(), p, 16);
  return y;
}
// The eight bytes of each, lowest first.
inline Bytes pack_bytes(uint64_t first, uint64_t second) {
  Bytes y;
  std::memcpy(y.lane.data(), &first, 8);
  std::memcpy(y.lane.data() + 8, &second, 8);
  return y;
}
inline void store_bytes(uint8_t* p, const Bytes& x) { std::memcpy(p, x.lane.data(), 16); }
// 0 or 1: the sixteen bits at p, lowest first.
inline Bytes spread_bits(const uint8_t* p) {
  Bytes y;
  for (int i = 0; i < 16; ++i) y.lane[i] = p[i / 8] >> (i % 8) & 1;
  return y;
}
// table[x], x < 16.
inline Bytes look_up(const int8_t* table, Bytes x) {
  for (uint8_t& b : x.lane) b = static_cast<uint8_t>(table[b]);
  return x;
}
// (x >> shift) & mask.
inline Bytes field(Bytes x, int shift, uint8_t mask) {
  for (uint8_t& b : x.lane) b = static_cast<uint8_t>((b >> shift) & mask);
  return x;
}
// x | (y << shift), y < 2^(8 - shift).
inline Bytes join(Bytes x, Bytes y, int shift) {
  for (int i = 0; i < 16; ++i) x.lane[i] = static_cast<uint8_t>(x.lane[i] | (y.lane[i] << shift));
  return x;
}
// x - value, modulo 2^8.
inline Bytes minus(Bytes x, uint8_t value) {
  for (uint8_t& b : x.lane) b = static_cast<uint8_t>(b - value);
  return x;
}
// The bytes, as signed integers, in f32.
inline Floats widen(Bytes x) {
  Floats y;
  for (int i = 0; i < 16; ++i) y.lane[i] = static_cast<int8_t>(x.lane[i]);
  return y;
}

inline float load_half(const uint8_t* p) {
  f16 x;
  std::memcpy(&x, p, 2);
  return to_float(x);
}
inline Floats load_floats(const float* p) {
  Floats y;
  std::memcpy(y.lane.data(), p, 64);
  return y;
}
inline void store_floats(float* p, const Floats& x) { std::memcpy(p, x.lane.data(), 64); }
inline Floats load_f32(const uint8_t* p) {
  Floats y;
  std::memcpy(y.lane.data(), p, 64);
  return y;
}
inline Floats load_f16(const uint8_t* p) {
  Floats y;
  for (int i = 0; i < 16; ++i) y.lane[i] = load_half(p + 2 * i);
  return y;
}
inline Floats load_bf16(const uint8_t* p) {
  std::array<bf16, 16> x;
  std::memcpy(x.data(), p, 32);
  Floats y;
  for (int i = 0; i < 16; ++i) y.lane[i] = to_float(x[i]);
  return y;
}
inline Floats splat(float x) {
  Floats y;
  y.lane.fill(x);
  return y;
}
inline Floats splat_half(const uint8_t* p) { return splat(load_half(p)); }
inline Floats multiply(Floats a, const Floats& b) {
  for (int i = 0; i < 16; ++i) a.lane[i] *= b.lane[i];
  return a;
}
// a * b + c.
inline Floats multiply_add(const Floats& a, const Floats& b, Floats c) {
  for (int i = 0; i < 16; ++i) c.lane[i] += a.lane[i] * b.lane[i];
  return c;
}
inline Floats add(Floats a, const Floats& b) {
  for (int i = 0; i < 16; ++i) a.lane[i] += b.lane[i];
  return a;
}
inline float sum(Floats x) {
  for (int half = 8; half > 0; half /= 2)
    for (int i = 0; i < half; ++i) x.lane[i] += x.lane[i + half];
  return x.lane[0];
}

// The sixteen values that a 4-bit code may stand for: scale * codes[i] + offset.
class Palette {
 public:
  Palette(const int8_t* codes, const Floats& scale, const Floats& offset)
      : codes_(codes), scale_(scale), offset_(offset) {}

  // The values of the low (half 0) or the high (half 1) four bits of sixteen bytes.
  template <int half>
  Floats pick(const uint8_t* p) const {
    Bytes code = field(load_bytes(p), 4 * half, 15);
    for (uint8_t& b : code.lane) b = static_cast<uint8_t>(codes_[b]);
    return multiply_add(widen(code), scale_, offset_);
  }

 private:
  const int8_t* codes_;
  Floats scale_, offset_;
};

// The same for 5-bit codes: 32 values.
class WidePalette {
 public:
  WidePalette(const int8_t* codes, const Floats& scale, const Floats& offset)
      : codes_(codes), scale_(scale), offset_(offset) {}

  // As Palette::pick(); bit i of the 16 at `fifth` is the highest of code i.
  template <int half>
  Floats pick(const uint8_t* p, const uint8_t* fifth) const {
    Bytes code = field(load_bytes(p), 4 * half, 15);
    for (int i = 0; i < 16; ++i) {
      const int high = fifth[i / 8] >> (i % 8) & 1;
      code.lane[i] = static_cast<uint8_t>(codes_[code.lane[i] | high << 4]);
    }
    return multiply_add(widen(code), scale_, offset_);
  }

 private:
  const int8_t* codes_;
  Floats scale_, offset_;
};

}  // namespace
}  // namespace fathom::decode_portable
