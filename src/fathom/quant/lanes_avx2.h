// lanes_portable.h in AVX2, FMA and F16C: bytes in one 128-bit register, f32 in two of 256 bits.
#pragma once

#include <cstdint>
#include <cstring>

#include <immintrin.h>

namespace fathom::decode_avx2 {
namespace {

using Bytes = __m128i;
struct Floats {
  __m256 low, high;
};

inline Bytes load_bytes(const uint8_t* p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}
inline Bytes pack_bytes(uint64_t first, uint64_t second) {
  return _mm_set_epi64x(static_cast<int64_t>(second), static_cast<int64_t>(first));
}
inline void store_bytes(uint8_t* p, Bytes x) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), x); }
inline Bytes spread_bits(const uint8_t* p) {
  const __m128i copy_to_lanes = _mm_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
  const __m128i own_bit = _mm_set1_epi64x(static_cast<int64_t>(0x8040201008040201ull));
  uint16_t bits;
  std::memcpy(&bits, p, 2);
  const __m128i copies = _mm_shuffle_epi8(_mm_cvtsi32_si128(bits), copy_to_lanes);
  return _mm_and_si128(_mm_cmpeq_epi8(_mm_and_si128(copies, own_bit), own_bit), _mm_set1_epi8(1));
}
inline Bytes look_up(const int8_t* table, Bytes x) {
  return _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table)), x);
}
inline Bytes field(Bytes x, int shift, uint8_t mask) {
  return _mm_and_si128(_mm_srli_epi16(x, shift), _mm_set1_epi8(static_cast<char>(mask)));
}
inline Bytes join(Bytes x, Bytes y, int shift) { return _mm_or_si128(x, _mm_slli_epi16(y, shift)); }
inline Bytes minus(Bytes x, uint8_t value) {
  return _mm_sub_epi8(x, _mm_set1_epi8(static_cast<char>(value)));
}
inline Floats widen(Bytes x) {
  return {_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(x)),
          _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(x, 8)))};
}

inline float load_half(const uint8_t* p) {
  uint16_t bits;
  std::memcpy(&bits, p, 2);
  return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(bits)));
}
inline Floats load_floats(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
inline void store_floats(float* p, Floats x) {
  _mm256_storeu_ps(p, x.low);
  _mm256_storeu_ps(p + 8, x.high);
}
inline Floats load_f32(const uint8_t* p) {
  return {_mm256_castsi256_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))),
          _mm256_castsi256_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 32)))};
}
inline Floats load_f16(const uint8_t* p) {
  return {_mm256_cvtph_ps(load_bytes(p)), _mm256_cvtph_ps(load_bytes(p + 16))};
}
inline Floats load_bf16(const uint8_t* p) {
  return {
      _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(load_bytes(p)), 16)),
      _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(load_bytes(p + 16)), 16)),
  };
}
inline Floats splat(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
inline Floats splat_half(const uint8_t* p) { return splat(load_half(p)); }
inline Floats multiply(Floats a, Floats b) {
  return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
}
inline Floats multiply_add(Floats a, Floats b, Floats c) {
  return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
inline Floats add(Floats a, Floats b) {
  return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
}
inline float sum(Floats x) {
  const __m256 eight = _mm256_add_ps(x.low, x.high);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

class Palette {
 public:
  Palette(const int8_t* codes, Floats scale, Floats offset)
      : codes_(_mm_loadu_si128(reinterpret_cast<const __m128i*>(codes))),
        scale_(scale),
        offset_(offset) {}

  template <int half>
  Floats pick(const uint8_t* p) const {
    const Bytes code = _mm_shuffle_epi8(codes_, field(load_bytes(p), 4 * half, 15));
    return multiply_add(widen(code), scale_, offset_);
  }

 private:
  Bytes codes_;
  Floats scale_, offset_;
};

class WidePalette {
 public:
  WidePalette(const int8_t* codes, Floats scale, Floats offset)
      : below_(_mm_loadu_si128(reinterpret_cast<const __m128i*>(codes))),
        above_(_mm_loadu_si128(reinterpret_cast<const __m128i*>(codes + 16))),
        scale_(scale),
        offset_(offset) {}

  template <int half>
  Floats pick(const uint8_t* p, const uint8_t* fifth) const {
    const __m128i set = _mm_slli_epi16(spread_bits(fifth), 7);
    const Bytes code = field(load_bytes(p), 4 * half, 15);
    return multiply_add(
        widen(_mm_blendv_epi8(_mm_shuffle_epi8(below_, code), _mm_shuffle_epi8(above_, code), set)),
        scale_, offset_);
  }

 private:
  Bytes below_, above_;
  Floats scale_, offset_;
};

}  // namespace
}  // namespace fathom::decode_avx2
