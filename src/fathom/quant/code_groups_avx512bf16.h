// The codes of each block type as code_dot_avx512bf16.cc multiplies them: four groups of 32 columns
// at a time, from a row's bytes. blocks_32.h and blocks_256.h say what the bytes are.
//
// A type offers kElements, 128 or 256, which are kBytes of a row; kZero, what to subtract from each
// code; kMinima; and groups<part>(), the part'th 128 of the elements. Of four blocks of 32 elements
// the last ones may be missing; what is beyond `source.bytes` is neither read nor counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fathom/simd/vec_avx512bf16.h"

namespace fathom {
namespace {

using I = __m512i;
using F = __m512;

// Codes and their steps. A quarter of a vector is a group's; index 0 and 1 are its halves.
struct Groups {
  I codes[2];  // unsigned bytes
  F scale[2];
  F minimum;  // of types that have one
};

struct Source {
  const uint8_t* p;
  size_t bytes;

  // 64 of them, zeros beyond the end. No memory is touched there.
  FATHOM_INLINE I load(const Source& from, size_t begin) {
    const uint64_t left = from.bytes > begin ? from.bytes - begin : 0;
    const auto mask = static_cast<__mmask64>(_bzhi_u64(~uint64_t{0}, left < 64 ? left : 64));
    I x = _mm512_maskz_loadu_epi8(mask, from.p + begin);
    asm("" : "+v"(x));  // or GCC loads it again for every use
    return x;
  }
};

FATHOM_INLINE I all_bytes(int value) { return _mm512_set1_epi8(static_cast<char>(value)); }

// Words of four blocks, `stride` bytes apart, chosen from two vectors: the bytes from `first` and
// from `second` on.
struct Choice {
  alignas(64) uint16_t word[32];

  FATHOM_INLINE I pick(I from_first, const Choice& choice, I from_second) {
    return _mm512_permutex2var_epi16(from_first, _mm512_load_si512(choice.word), from_second);
  }
};

constexpr uint16_t word_at(size_t offset, size_t first, size_t second) {
  return static_cast<uint16_t>(offset - first < 64 ? (offset - first) / 2
                                                   : 32 + (offset - second) / 2);
}

// The sixteen bytes of each block from `offset` on.
constexpr Choice choose_codes(size_t stride, size_t offset, size_t first, size_t second) {
  Choice y{};
  for (size_t i = 0; i < 32; ++i)
    y.word[i] = word_at(i / 8 * stride + offset + i % 8 * 2, first, second);
  return y;
}

// Each block's first word four times, then each block's second word four times.
constexpr Choice choose_steps(size_t stride, size_t second) {
  Choice y{};
  for (size_t i = 0; i < 32; ++i) y.word[i] = word_at(i % 16 / 4 * stride + i / 16 * 2, 0, second);
  return y;
}

// The blocks' words at `offset`, then those that follow each.
constexpr Choice choose_fifth_bits(size_t stride, size_t offset, size_t second) {
  Choice y{};
  for (size_t i = 0; i < 32; ++i)
    y.word[i] = word_at(i % 4 * stride + offset + i % 8 / 4 * 2, 0, second);
  return y;
}

// Q4_0, Q4_1, Q5_0 and Q5_1: four blocks of `stride` bytes.
template <size_t stride, bool minima, bool fifth>
struct Nibbles {
  static constexpr size_t kElements = 128, kBytes = 4 * stride, kSecond = kBytes - 64;
  static constexpr size_t kSteps = minima ? 4 : 2;  // bytes
  static constexpr int kZero = minima ? 0 : fifth ? 16 : 8;
  static constexpr bool kMinima = minima;
  static constexpr Choice kCodes = choose_codes(stride, kSteps + (fifth ? 4 : 0), 0, kSecond);
  static constexpr Choice kScales = choose_steps(stride, kSecond);
  static constexpr Choice kFifthBits = choose_fifth_bits(stride, kSteps, kSecond);

  template <int>
  FATHOM_INLINE Groups groups(const Source& source) {
    const I first = Source::load(source, 0), second = Source::load(source, kSecond);
    const I pairs = Choice::pick(first, kCodes, second);
    const I steps = Choice::pick(first, kScales, second);
    Groups y;
    y.codes[0] = _mm512_and_si512(pairs, all_bytes(15));
    y.codes[1] = _mm512_and_si512(_mm512_srli_epi16(pairs, 4), all_bytes(15));
    if constexpr (fifth) {
      const __m128i bits = _mm512_castsi512_si128(Choice::pick(first, kFifthBits, second));
      const auto low = static_cast<__mmask64>(_mm_cvtsi128_si64(bits));
      const auto high = static_cast<__mmask64>(_mm_extract_epi64(bits, 1));
      y.codes[0] = _mm512_mask_add_epi8(y.codes[0], low, y.codes[0], all_bytes(16));
      y.codes[1] = _mm512_mask_add_epi8(y.codes[1], high, y.codes[1], all_bytes(16));
    }
    y.scale[0] = y.scale[1] = _mm512_cvtph_ps(_mm512_castsi512_si256(steps));
    y.minimum = _mm512_cvtph_ps(_mm512_extracti64x4_epi64(steps, 1));
    return y;
  }
};

using Q4_0 = Nibbles<18, false, false>;
using Q4_1 = Nibbles<20, true, false>;
using Q5_0 = Nibbles<22, false, true>;
using Q5_1 = Nibbles<24, true, true>;

// Four blocks. Their first and their second halves each lie within 128 bytes.
struct Q8_0 {
  static constexpr size_t kElements = 128, kBytes = 4 * 34;
  static constexpr int kZero = 128;
  static constexpr bool kMinima = false;
  static constexpr Choice kScales = choose_steps(34, 64);
  static constexpr Choice kFirst = choose_codes(34, 2, 0, 64);
  static constexpr Choice kSecond = choose_codes(34, 18, 8, 72);

  template <int>
  FATHOM_INLINE Groups groups(const Source& source) {
    const I a = Source::load(source, 0), b = Source::load(source, 64);
    const I c = Source::load(source, 8), d = Source::load(source, 72);
    const I steps = Choice::pick(a, kScales, b);
    Groups y;
    y.codes[0] = _mm512_xor_si512(Choice::pick(a, kFirst, b), all_bytes(kZero));
    y.codes[1] = _mm512_xor_si512(Choice::pick(c, kSecond, d), all_bytes(kZero));
    y.scale[0] = y.scale[1] = _mm512_cvtph_ps(_mm512_castsi512_si256(steps));
    return y;
  }
};

template <class T>
FATHOM_INLINE T read(const uint8_t* p) {
  T value;
  __builtin_memcpy(&value, p, sizeof value);
  return value;
}

FATHOM_INLINE F all_half(const uint8_t* p) {
  return _mm512_cvtph_ps(_mm256_set1_epi16(read<int16_t>(p)));
}

// The fields that each quarter of `bytes`, rotated left by its own count, has under the mask,
// joined to codes.
FATHOM_INLINE I join_field(I codes, const uint8_t* bytes, I counts, int mask) {
  const __m128i sixteen = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  const I turned = _mm512_rolv_epi64(_mm512_broadcast_i32x4(sixteen), counts);
  return _mm512_ternarylogic_epi64(codes, turned, all_bytes(mask), 0xf8);  // a | (b & c)
}

// Per quarter of a vector.
FATHOM_INLINE I quarters(int64_t a, int64_t b, int64_t c, int64_t d) {
  return _mm512_setr_epi64(a, a, b, b, c, c, d, d);
}

// Q4_K and Q5_K. A group of 128 has the low and the high nibbles of two runs of 32 bytes.
template <bool fifth>
struct Nibbles256 {
  static constexpr size_t kElements = 256, kBytes = fifth ? 176 : 144;
  static constexpr int kZero = 0;
  static constexpr bool kMinima = true;

  // Eight scales, then eight minima.
  FATHOM_INLINE F steps(const uint8_t* block) {
    const uint64_t six_bits = 0x3f3f3f3f, four_bits = 0x0f0f0f0f, top_bits = 0x30303030;
    const uint64_t scales = read<uint32_t>(block + 4), minima = read<uint32_t>(block + 8),
                   halves = read<uint32_t>(block + 12);
    const uint64_t low = (scales & six_bits) | ((halves & four_bits) | (scales >> 2 & top_bits))
                                                   << 32;
    const uint64_t high =
        (minima & six_bits) | ((halves >> 4 & four_bits) | (minima >> 2 & top_bits)) << 32;
    const __m128i both = _mm_set_epi64x(static_cast<int64_t>(high), static_cast<int64_t>(low));
    const F minus = _mm512_sub_ps(_mm512_setzero_ps(), all_half(block + 2));
    return _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(both)),
                         _mm512_mask_blend_ps(0xff00, all_half(block), minus));
  }

  template <int part>
  FATHOM_INLINE Groups groups(const Source& source) {
    const I runs = _mm512_loadu_si512(source.p + (fifth ? 48 : 16) + 64 * part);
    const I shifts = quarters(0, 4, 0, 4);
    const I first = _mm512_srlv_epi64(_mm512_shuffle_i64x2(runs, runs, 0xa0), shifts);
    const I second = _mm512_srlv_epi64(_mm512_shuffle_i64x2(runs, runs, 0xf5), shifts);
    Groups y;
    y.codes[0] = _mm512_and_si512(first, all_bytes(15));
    y.codes[1] = _mm512_and_si512(second, all_bytes(15));
    if constexpr (fifth) {  // bit 4 * part + quarter, to be the fifth
      const I counts = part == 0 ? quarters(4, 3, 2, 1) : quarters(0, 63, 62, 61);
      y.codes[0] = join_field(y.codes[0], source.p + 16, counts, 16);
      y.codes[1] = join_field(y.codes[1], source.p + 32, counts, 16);
    }
    const F both = steps(source.p);
    const I lanes = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
    const I at = _mm512_add_epi32(lanes, _mm512_set1_epi32(4 * part));
    y.scale[0] = y.scale[1] = _mm512_permutexvar_ps(at, both);
    y.minimum = _mm512_permutexvar_ps(_mm512_add_epi32(at, _mm512_set1_epi32(8)), both);
    return y;
  }
};

using Q4_K = Nibbles256<false>;
using Q5_K = Nibbles256<true>;

// A group of 128 has the low, then the high nibbles of 64 bytes, and 32 bytes of upper bits. Each
// half of a group of 32 has its own scale.
struct Q6_K {
  static constexpr size_t kElements = 256, kBytes = 210;
  static constexpr int kZero = 32;
  static constexpr bool kMinima = false;

  template <int part>
  FATHOM_INLINE Groups groups(const Source& source) {
    const uint8_t* const upper = source.p + 128 + 32 * part;
    const I run = _mm512_loadu_si512(source.p + 64 * part);
    const I shifts = quarters(0, 0, 4, 4), counts = quarters(4, 2, 0, 62);
    const I first = _mm512_srlv_epi64(_mm512_shuffle_i64x2(run, run, 0x88), shifts);
    const I second = _mm512_srlv_epi64(_mm512_shuffle_i64x2(run, run, 0xdd), shifts);
    Groups y;
    y.codes[0] = join_field(_mm512_and_si512(first, all_bytes(15)), upper, counts, 0x30);
    y.codes[1] = join_field(_mm512_and_si512(second, all_bytes(15)), upper + 16, counts, 0x30);
    const __m128i scales =
        _mm_loadl_epi64(reinterpret_cast<const __m128i*>(source.p + 192 + 8 * part));
    const __m128i even = _mm_setr_epi8(0, 0, 0, 0, 2, 2, 2, 2, 4, 4, 4, 4, 6, 6, 6, 6);
    const __m128i odd = _mm_setr_epi8(1, 1, 1, 1, 3, 3, 3, 3, 5, 5, 5, 5, 7, 7, 7, 7);
    y.scale[0] = times_bytes(all_half(source.p + 208), _mm_shuffle_epi8(scales, even));
    y.scale[1] = times_bytes(all_half(source.p + 208), _mm_shuffle_epi8(scales, odd));
    return y;
  }

 private:
  FATHOM_INLINE F times_bytes(F x, __m128i bytes) {
    return _mm512_mul_ps(x, _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes)));
  }
};

// Whether the halves of a group have one scale, so that their sums may join as integers.
template <class Type>
constexpr bool kOneScale = true;
template <>
constexpr bool kOneScale<Q6_K> = false;

}  // namespace
}  // namespace fathom
