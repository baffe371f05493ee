// lanes_portable.h in AVX-512 (F, BW, DQ, VL): bytes in 128 bits, f32 in 512.
#pragma once

#include <cstdint>
#include <cstring>

#include <immintrin.h>

namespace fathom::decode_avx512 {
namespace {

using Bytes = __m128i;
using Floats = __m512;

inline Bytes load_bytes(const uint8_t* p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}
inline Bytes pack_bytes(uint64_t first, uint64_t second) {
  return _mm_set_epi64x(static_cast<int64_t>(second), static_cast<int64_t>(first));
}
inline void store_bytes(uint8_t* p, Bytes x) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), x); }
inline Bytes spread_bits(const uint8_t* p) {
  uint16_t bits;
  std::memcpy(&bits, p, 2);
  return _mm_maskz_set1_epi8(bits, 1);
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
inline Floats widen(Bytes x) { return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(x)); }

inline float load_half(const uint8_t* p) {
  uint16_t bits;
  std::memcpy(&bits, p, 2);
  return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(bits)));
}
inline Floats load_floats(const float* p) { return _mm512_loadu_ps(p); }
inline void store_floats(float* p, Floats x) { _mm512_storeu_ps(p, x); }
inline Floats load_f32(const uint8_t* p) { return _mm512_loadu_ps(p); }
inline Floats load_f16(const uint8_t* p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
inline Floats load_bf16(const uint8_t* p) {
  const __m256i halves = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}
inline Floats splat(float x) { return _mm512_set1_ps(x); }
inline Floats splat_half(const uint8_t* p) {
  int16_t bits;
  std::memcpy(&bits, p, 2);
  return _mm512_cvtph_ps(_mm256_set1_epi16(bits));
}
inline Floats multiply(Floats a, Floats b) { return _mm512_mul_ps(a, b); }
inline Floats multiply_add(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a, b, c); }
inline Floats add(Floats a, Floats b) { return _mm512_add_ps(a, b); }
inline float sum(Floats x) {
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

// Sixteen values fill one register, so that a permutation by the code is the whole decoding.
class Palette {
 public:
  Palette(const int8_t* codes, Floats scale, Floats offset)
      : values_(multiply_add(widen(_mm_loadu_si128(reinterpret_cast<const __m128i*>(codes))), scale,
                             offset)) {}

  template <int half>
  Floats pick(const uint8_t* p) const {
    return _mm512_permutexvar_ps(index<half>(p), values_);
  }

  // As pick() in the lanes of `chosen`, `others` in the rest.
  template <int half>
  Floats pick_over(Floats others, __mmask16 chosen, const uint8_t* p) const {
    return _mm512_mask_permutexvar_ps(others, chosen, index<half>(p), values_);
  }

 private:
  // The permutation looks at the lowest four bits of each lane alone.
  template <int half>
  static __m512i index(const uint8_t* p) {
    const __m512i bytes = _mm512_cvtepu8_epi32(load_bytes(p));
    return half == 0 ? bytes : _mm512_srli_epi32(bytes, 4);
  }

  Floats values_;
};

class WidePalette {
 public:
  WidePalette(const int8_t* codes, Floats scale, Floats offset)
      : below_(codes, scale, offset), above_(codes + 16, scale, offset) {}

  template <int half>
  Floats pick(const uint8_t* p, const uint8_t* fifth) const {
    uint16_t bits;
    std::memcpy(&bits, fifth, 2);
    return above_.pick_over<half>(below_.pick<half>(p), bits, p);
  }

 private:
  Palette below_, above_;
};

}  // namespace
}  // namespace fathom::decode_avx512
