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
// Lane i is bit i of `bits`.
inline Bytes spread_bits(uint16_t bits) {
  Bytes y;
  for (int i = 0; i < 16; ++i) y.lane[i] = static_cast<uint8_t>((bits >> i) & 1);
  return y;
}
// x - value, modulo 2^8.
inline Bytes minus(Bytes x, uint8_t value) {
  for (uint8_t& b : x.lane) b = static_cast<uint8_t>(b - value);
  return x;
}
// table[x], x < 16.
inline Bytes lookup(const int8_t* table, Bytes x) {
  for (uint8_t& b : x.lane) b = static_cast<uint8_t>(table[b]);
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

}  // namespace
}  // namespace fathom::decode_portable
