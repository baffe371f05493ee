// code_dot.h in AVX-512 with VNNI.
#if defined(__x86_64__)
#include "fathom/quant/code_dot.h"
#include "fathom/quant/code_groups_avx512bf16.h"

namespace fathom {
namespace {

// Rows at once: x is loaded once for all, and one row's products need not wait for another's.
constexpr size_t kRows = 4;
// Bytes that weights are asked for ahead of their use, into L2. Four rows at once are more than the
// machine foresees by itself: without asking, decoding takes several times as long. Of long rows,
// the next four are asked for while these are multiplied.
constexpr size_t kAhead = 4096;
constexpr size_t kLong = 12288;  // four rows

// A group of 32 in two halves, as int32, by its scale.
struct RoundedGroup {
  I half[2];
  float scale;
};

FATHOM_INLINE RoundedGroup round_group(const float* x) {
  const I magnitude = _mm512_set1_epi32(0x7fffffff);
  const F first = _mm512_loadu_ps(x), second = _mm512_loadu_ps(x + 16);
  // As integers, magnitudes have the same order, and what is not finite is above all.
  const uint32_t largest = _mm512_reduce_max_epu32(
      _mm512_max_epu32(_mm512_and_si512(_mm512_castps_si512(first), magnitude),
                       _mm512_and_si512(_mm512_castps_si512(second), magnitude)));
  const I zero = _mm512_setzero_si512();
  if (largest >= 0x7f800000) return {{zero, zero}, __builtin_nanf("")};
  float scale = read<float>(reinterpret_cast<const uint8_t*>(&largest));
  if (scale <= kRoundedSmallest) return {{zero, zero}, 0};
  scale /= static_cast<float>(kRoundedRange);
  const uint32_t bits = read<uint32_t>(reinterpret_cast<const uint8_t*>(&scale));
  const uint32_t power = (bits + 0x7fffff) >> 23 << 23;  // up to the next power of two
  scale = read<float>(reinterpret_cast<const uint8_t*>(&power));
  const F inverse = _mm512_set1_ps(1 / scale);
  return {{_mm512_cvtps_epi32(_mm512_mul_ps(first, inverse)),
           _mm512_cvtps_epi32(_mm512_mul_ps(second, inverse))},
          scale};
}

FATHOM_INLINE void store_low_bytes(int8_t* p, I x) {
  _mm_store_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(x));
}

FATHOM_INLINE I dot_bytes(I sum, I codes, I x) { return avx512bf16::Vec::dot_bytes(sum, codes, x); }

// 256 * high + low.
FATHOM_INLINE I join(I high, I low) { return _mm512_add_epi32(_mm512_slli_epi32(high, 8), low); }

void round_x(const float* x, size_t cols, RoundedX* to) {
  const I zero = _mm512_setzero_si512();
  for (; cols > 0; ++to) {
    for (size_t group = 0; group < 4; ++group) {
      RoundedGroup rounded = {{zero, zero}, 0};
      if (cols > 0) {
        rounded = round_group(x);
        x += 32;
        cols -= 32;
      }
      for (size_t half = 0; half < 2; ++half) {
        const I value = rounded.half[half];
        const I high = _mm512_srai_epi32(_mm512_add_epi32(value, _mm512_set1_epi32(128)), 8);
        store_low_bytes(to->high[half] + 16 * group, high);
        store_low_bytes(to->low[half] + 16 * group, value);
      }
      _mm_store_ps(to->scale + 4 * group, _mm_set1_ps(rounded.scale));
    }
    for (size_t half = 0; half < 2; ++half) {
      const I high = dot_bytes(zero, all_bytes(1), _mm512_load_si512(to->high[half]));
      const I low = dot_bytes(zero, all_bytes(1), _mm512_load_si512(to->low[half]));
      _mm512_store_si512(to->sum[half], join(high, low));
    }
  }
}

// RoundedX in registers, and what all rows have in common.
struct Right {
  I high[2], low[2];
  I start[2];  // sums begin with what the codes' zero takes away
  F scale;
  F sum;  // of x, for minima
};

template <class Type>
FATHOM_INLINE Right load_right(const RoundedX& x) {
  Right y;
#pragma GCC unroll 2
  for (size_t half = 0; half < 2; ++half) {
    y.high[half] = _mm512_load_si512(x.high[half]);
    y.low[half] = _mm512_load_si512(x.low[half]);
    y.start[half] =
        _mm512_mullo_epi32(_mm512_load_si512(x.sum[half]), _mm512_set1_epi32(-Type::kZero));
  }
  const I both = _mm512_add_epi32(_mm512_load_si512(x.sum[0]), _mm512_load_si512(x.sum[1]));
  y.scale = _mm512_load_ps(x.scale);
  y.sum = _mm512_mul_ps(_mm512_cvtepi32_ps(both), y.scale);
  if constexpr (kOneScale<Type>) y.start[0] = _mm512_add_epi32(y.start[0], y.start[1]);
  return y;
}

// y + the four groups' products, in any order over the lanes. No integer overflows: a lane sums
// eight products, each below 2^8 * 2^15, and as much for the zero.
template <class Type>
FATHOM_INLINE F add_groups(F y, const Groups& left, const Right& x) {
  const I zero = _mm512_setzero_si512();
  I high = dot_bytes(zero, left.codes[0], x.high[0]);
  I low = dot_bytes(x.start[0], left.codes[0], x.low[0]);
  if constexpr (!kOneScale<Type>) {
    y = _mm512_fmadd_ps(_mm512_cvtepi32_ps(join(high, low)), _mm512_mul_ps(left.scale[0], x.scale),
                        y);
    high = zero;
    low = x.start[1];
  }
  high = dot_bytes(high, left.codes[1], x.high[1]);
  low = dot_bytes(low, left.codes[1], x.low[1]);
  y = _mm512_fmadd_ps(_mm512_cvtepi32_ps(join(high, low)), _mm512_mul_ps(left.scale[1], x.scale),
                      y);
  if constexpr (Type::kMinima) y = _mm512_fmadd_ps(left.minimum, x.sum, y);
  return y;
}

template <class Type, int part, size_t rows>
FATHOM_INLINE void add_part(F (&sums)[rows], const Source& source, size_t row_bytes,
                            const RoundedX& x) {
  const Right right = load_right<Type>(x);
#pragma GCC unroll 8
  for (size_t r = 0; r < rows; ++r) {
    const Source row = {source.p + r * row_bytes, source.bytes};
    sums[r] = add_groups<Type>(sums[r], Type::template groups<part>(row), right);
  }
}

template <class Type, size_t rows>
void dot_some(const uint8_t* p, size_t row_bytes, const RoundedX* x, float* y) {
  F sums[rows];
#pragma GCC unroll 8
  for (F& sum : sums) sum = _mm512_setzero_ps();
  const uint8_t* ahead = p + (rows * row_bytes > kLong ? rows * row_bytes : kAhead);
  for (size_t at = 0; at < row_bytes; at += Type::kBytes) {
#pragma GCC unroll 16
    for (size_t i = 0; i < rows * Type::kBytes; i += 64) _mm_prefetch(ahead + i, _MM_HINT_T1);
    ahead += rows * Type::kBytes;
    const Source source = {p + at, row_bytes - at};
    add_part<Type, 0>(sums, source, row_bytes, *x++);
    if constexpr (Type::kElements > kRoundedElements)
      add_part<Type, 1>(sums, source, row_bytes, *x++);
  }
#pragma GCC unroll 8
  for (size_t r = 0; r < rows; ++r) y[r] = _mm512_reduce_add_ps(sums[r]);
}

template <class Type>
void dot(const std::byte* rows, size_t count, size_t cols, const RoundedX* x, float* y) {
  const auto* p = reinterpret_cast<const uint8_t*>(rows);
  const size_t row_bytes = cols * Type::kBytes / Type::kElements;
  for (; count >= kRows; count -= kRows, p += kRows * row_bytes, y += kRows)
    dot_some<Type, kRows>(p, row_bytes, x, y);
  for (; count > 0; --count, p += row_bytes, ++y) dot_some<Type, 1>(p, row_bytes, x, y);
}

}  // namespace

CodeDots code_dots_avx512bf16(DType type) {
  switch (type) {
    case DType::q4_0:
      return {round_x, dot<Q4_0>};
    case DType::q4_1:
      return {round_x, dot<Q4_1>};
    case DType::q5_0:
      return {round_x, dot<Q5_0>};
    case DType::q5_1:
      return {round_x, dot<Q5_1>};
    case DType::q8_0:
      return {round_x, dot<Q8_0>};
    case DType::q4_k:
      return {round_x, dot<Q4_K>};
    case DType::q5_k:
      return {round_x, dot<Q5_K>};
    case DType::q6_k:
      return {round_x, dot<Q6_K>};
    default:
      return {};
  }
}

}  // namespace fathom
#endif
