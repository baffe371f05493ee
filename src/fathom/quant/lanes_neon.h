// lanes_portable.h in NEON: bytes in one register, f32 in four.
#pragma once

#include <cstdint>
#include <cstring>

#include <arm_neon.h>

namespace fathom::decode_neon {
namespace {

using Bytes = uint8x16_t;
using Floats = float32x4x4_t;

inline Bytes load_bytes(const uint8_t* p) { return vld1q_u8(p); }
inline Bytes pack_bytes(uint64_t first, uint64_t second) {
  return vreinterpretq_u8_u64(vcombine_u64(vcreate_u64(first), vcreate_u64(second)));
}
inline void store_bytes(uint8_t* p, Bytes x) { vst1q_u8(p, x); }
inline Bytes spread_bits(const uint8_t* p) {
  const uint8x8_t own_bit = vcreate_u8(0x8040201008040201ull);
  const uint8x16_t copies = vcombine_u8(vdup_n_u8(p[0]), vdup_n_u8(p[1]));
  return vandq_u8(vtstq_u8(copies, vcombine_u8(own_bit, own_bit)), vdupq_n_u8(1));
}
inline Bytes look_up(const int8_t* table, Bytes x) {
  return vreinterpretq_u8_s8(vqtbl1q_s8(vld1q_s8(table), x));
}
inline Bytes field(Bytes x, int shift, uint8_t mask) {
  return vandq_u8(vshlq_u8(x, vdupq_n_s8(static_cast<int8_t>(-shift))), vdupq_n_u8(mask));
}
inline Bytes join(Bytes x, Bytes y, int shift) {
  return vorrq_u8(x, vshlq_u8(y, vdupq_n_s8(static_cast<int8_t>(shift))));
}
inline Bytes minus(Bytes x, uint8_t value) { return vsubq_u8(x, vdupq_n_u8(value)); }
inline Floats widen(Bytes x) {
  const int8x16_t bytes = vreinterpretq_s8_u8(x);
  const int16x8_t low = vmovl_s8(vget_low_s8(bytes));
  const int16x8_t high = vmovl_high_s8(bytes);
  return {vcvtq_f32_s32(vmovl_s16(vget_low_s16(low))), vcvtq_f32_s32(vmovl_high_s16(low)),
          vcvtq_f32_s32(vmovl_s16(vget_low_s16(high))), vcvtq_f32_s32(vmovl_high_s16(high))};
}

inline float32x4_t widen_halves(uint16x4_t bits) {
  return vcvt_f32_f16(vreinterpret_f16_u16(bits));
}
inline float32x4_t splat_half_in_four(const uint8_t* p) {
  uint16_t bits;
  std::memcpy(&bits, p, 2);
  return widen_halves(vdup_n_u16(bits));
}
inline float load_half(const uint8_t* p) { return vgetq_lane_f32(splat_half_in_four(p), 0); }
inline Floats load_floats(const float* p) {
  return {vld1q_f32(p), vld1q_f32(p + 4), vld1q_f32(p + 8), vld1q_f32(p + 12)};
}
inline void store_floats(float* p, Floats x) {
  for (int i = 0; i < 4; ++i) vst1q_f32(p + 4 * i, x.val[i]);
}
inline Floats load_f32(const uint8_t* p) {
  return {vreinterpretq_f32_u8(vld1q_u8(p)), vreinterpretq_f32_u8(vld1q_u8(p + 16)),
          vreinterpretq_f32_u8(vld1q_u8(p + 32)), vreinterpretq_f32_u8(vld1q_u8(p + 48))};
}
inline Floats load_f16(const uint8_t* p) {
  const uint16x8_t low = vreinterpretq_u16_u8(vld1q_u8(p));
  const uint16x8_t high = vreinterpretq_u16_u8(vld1q_u8(p + 16));
  return {widen_halves(vget_low_u16(low)), widen_halves(vget_high_u16(low)),
          widen_halves(vget_low_u16(high)), widen_halves(vget_high_u16(high))};
}
// Zeros below each bf16.
inline Floats load_bf16(const uint8_t* p) {
  const uint16x8_t zero = vdupq_n_u16(0);
  const uint16x8_t low = vreinterpretq_u16_u8(vld1q_u8(p));
  const uint16x8_t high = vreinterpretq_u16_u8(vld1q_u8(p + 16));
  return {
      vreinterpretq_f32_u16(vzip1q_u16(zero, low)), vreinterpretq_f32_u16(vzip2q_u16(zero, low)),
      vreinterpretq_f32_u16(vzip1q_u16(zero, high)), vreinterpretq_f32_u16(vzip2q_u16(zero, high))};
}
inline Floats splat(float x) {
  const float32x4_t four = vdupq_n_f32(x);
  return {four, four, four, four};
}
inline Floats splat_half(const uint8_t* p) {
  const float32x4_t four = splat_half_in_four(p);
  return {four, four, four, four};
}
inline Floats multiply(Floats a, Floats b) {
  for (int i = 0; i < 4; ++i) a.val[i] = vmulq_f32(a.val[i], b.val[i]);
  return a;
}
inline Floats multiply_add(Floats a, Floats b, Floats c) {
  for (int i = 0; i < 4; ++i) c.val[i] = vfmaq_f32(c.val[i], a.val[i], b.val[i]);
  return c;
}
inline Floats add(Floats a, Floats b) {
  for (int i = 0; i < 4; ++i) a.val[i] = vaddq_f32(a.val[i], b.val[i]);
  return a;
}
inline float sum(Floats x) {
  return vaddvq_f32(vaddq_f32(vaddq_f32(x.val[0], x.val[1]), vaddq_f32(x.val[2], x.val[3])));
}

class Palette {
 public:
  Palette(const int8_t* codes, Floats scale, Floats offset)
      : codes_(vreinterpretq_u8_s8(vld1q_s8(codes))), scale_(scale), offset_(offset) {}

  template <int half>
  Floats pick(const uint8_t* p) const {
    const Bytes code = field(load_bytes(p), 4 * half, 15);
    return multiply_add(widen(vqtbl1q_u8(codes_, code)), scale_, offset_);
  }

 private:
  Bytes codes_;
  Floats scale_, offset_;
};

class WidePalette {
 public:
  WidePalette(const int8_t* codes, Floats scale, Floats offset)
      : codes_{vreinterpretq_u8_s8(vld1q_s8(codes)), vreinterpretq_u8_s8(vld1q_s8(codes + 16))},
        scale_(scale),
        offset_(offset) {}

  template <int half>
  Floats pick(const uint8_t* p, const uint8_t* fifth) const {
    const Bytes code = join(field(load_bytes(p), 4 * half, 15), spread_bits(fifth), 4);
    return multiply_add(widen(vqtbl2q_u8(codes_, code)), scale_, offset_);
  }

 private:
  uint8x16x2_t codes_;
  Floats scale_, offset_;
};

}  // namespace
}  // namespace fathom::decode_neon
