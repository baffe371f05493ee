// The integer kernels of matmul_kernels.h, written once over lanes of int32.
//
// A group of codes is multiplied by a group of activations exactly, in int32. Its sums then join
// the f32 totals, times the weights' scale and the activations'; so do the minima, times the sum of
// the activations. What is lost is what rounding activations loses: at most half a step, which is
// 2^-15 (2^-7 of int8) of the largest in its 32.
//
// Included by one file per instruction set, and nowhere else, as matmul_impl.h is.
#pragma once

#include "fathom/kernels/largest.h"
#include "fathom/kernels/matmul_impl.h"
#include "fathom/simd/vec_common.h"

namespace fathom {
namespace {

// How integers of one size are multiplied: `kPack` of each per lane and step.
template <class Lanes>
struct Int16 {
  using Code = int16_t;
  static constexpr size_t kPack = 2;
  static constexpr float kRange = 32767;

  // A power of two: some machines multiply by one beside the products, and of 15 bits the one that
  // it may cost is not missed.
  FATHOM_INLINE void set_scale(float top, ActivationGroup& group) {
    if (!(top < __builtin_inff())) {
      group.scale = group.exponent = __builtin_nanf("");
      return;
    }
    float scale = top / kRange;
    uint32_t bits;
    __builtin_memcpy(&bits, &scale, sizeof bits);
    bits = (bits + 0x7fffff) >> 23 << 23;  // up to the next power
    __builtin_memcpy(&scale, &bits, sizeof bits);
    group.scale = scale;
    group.exponent = static_cast<float>(static_cast<int>(bits >> 23) - 127);
  }
  FATHOM_INLINE typename Lanes::F scaled(const ActivationGroup& group, const float* p) {
    return Lanes::times_power(Lanes::set1(group.scale), Lanes::set1(group.exponent), p);
  }
  FATHOM_INLINE typename Lanes::I dot(typename Lanes::I acc, typename Lanes::I codes,
                                      typename Lanes::I activations) {
    return Lanes::dot_pairs(acc, codes, activations);
  }
  FATHOM_INLINE void store(int16_t* p, typename Lanes::I x) { Lanes::store_int16(p, x); }
  FATHOM_INLINE typename Lanes::F units(const uint8_t* codes, uint8_t zero) {
    return Lanes::codes16(codes, zero);
  }
};

template <class Lanes>
struct Int8 {
  using Code = int8_t;
  static constexpr size_t kPack = 4;
  static constexpr float kRange = 127;

  FATHOM_INLINE void set_scale(float top, ActivationGroup& group) { group.scale = top / kRange; }
  FATHOM_INLINE typename Lanes::F scaled(const ActivationGroup& group, const float* p) {
    return Lanes::mul_from(Lanes::set1(group.scale), p);
  }
  FATHOM_INLINE typename Lanes::I dot(typename Lanes::I acc, typename Lanes::I codes,
                                      typename Lanes::I activations) {
    return Lanes::dot_bytes(acc, codes, activations);
  }
  FATHOM_INLINE void store(int8_t* p, typename Lanes::I x) { Lanes::store_int8(p, x); }
  FATHOM_INLINE typename Lanes::F units(const uint8_t* codes, uint8_t) {
    return Lanes::load(reinterpret_cast<const float*>(codes));
  }
};

template <class Lanes, class Int>
void convert_group(const float* x, std::byte* left) {
  const float top = largest_magnitude<Lanes>(x, kScaled);
  const bool zero = top <= kSmallest;  // not so if it is not a number
  ActivationGroup group = {};
  if (!zero) Int::set_scale(top, group);
  const auto inverse = Lanes::set1(zero ? 0 : 1 / group.scale);
  auto* const codes = reinterpret_cast<typename Int::Code*>(left);
  for (size_t i = 0; i < kScaled; i += Lanes::kLanes) {
    const auto code = Lanes::round_to_int(Lanes::mul(Lanes::load(x + i), inverse));
    Int::store(codes + i, code);
    const float sum = group.scale * Lanes::reduce_add(Lanes::to_float(code));
    group.value_sum[i / 16] += sum;
    group.value_sum[2] += sum;
  }
  std::memcpy(codes + kScaled, &group, sizeof group);
}

template <class Lanes, class Int>
void convert_codes(const float* x, size_t count, std::byte* left) {
  for (size_t i = 0; i < count; i += kScaled) {
    convert_group<Lanes, Int>(x + i, left);
    left += activation_group_bytes(sizeof(typename Int::Code));
  }
}

// Units of Int::kPack codes are 32 bits: the transposition of a square of lanes at a time.
template <class Lanes, class Int>
void pack_codes(const CodePanel& form, const uint8_t* codes, size_t count, std::byte* panel) {
  constexpr size_t n = Lanes::kLanes;
  const size_t units = count / Int::kPack;
  const size_t steps = form.group / Int::kPack;
  const size_t group_bytes = form.group_bytes(sizeof(typename Int::Code));
  for (size_t row = 0; row < kPackRows; row += n) {
    for (size_t first = 0; first < units; first += n) {
      typename Lanes::F square[n];
      for (size_t r = 0; r < n; ++r)
        square[r] = Int::units(codes + (row + r) * kPackCols + first * Int::kPack, form.zero);
      Lanes::transpose(square);
      for (size_t i = 0; i < n && first + i < units; ++i) {
        const size_t unit = first + i;
        std::byte* const to =
            panel + unit / steps * group_bytes + (unit % steps * kBlock + row) * 4;
        Lanes::store(reinterpret_cast<float*>(to), square[i]);
      }
    }
  }
}

// The exact sums of one group: kVectors vectors of columns by every token of the tile.
template <class Lanes, class Int, size_t kGroup, int kVectors>
[[gnu::always_inline]] inline void group_sums(const std::byte* panel, const std::byte* activations,
                                              size_t stride,
                                              typename Lanes::I (&acc)[kTileTokens][kVectors]) {
#pragma GCC unroll 8
  for (auto& sums : acc)
#pragma GCC unroll 8
    for (auto& sum : sums) sum = Lanes::zero_int();
#pragma GCC unroll 1
  for (size_t s = 0; s < kGroup / Int::kPack; ++s) {
    typename Lanes::I codes[kVectors];
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j)
      codes[j] = Lanes::load_int(panel + (s * kBlock + j * Lanes::kLanes) * 4);
#pragma GCC unroll 8
    for (size_t t = 0; t < kTileTokens; ++t) {
      const auto pack = Lanes::splat_int(activations + t * stride + s * 4);
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) acc[t][j] = Int::dot(acc[t][j], codes[j], pack);
    }
  }
}

// total += one group's sums, scaled. The totals lie in L1: exact sums take all registers.
template <class Lanes, class Int, size_t kGroup, bool kMinima>
[[gnu::noinline]] void add_group(const std::byte* panel, const float* scales,
                                 const std::byte* activations, size_t half, size_t stride,
                                 float* total) {
  constexpr int kVectors = Lanes::kTileVectors;
  using F = typename Lanes::F;
  typename Lanes::I acc[kTileTokens][kVectors];
  group_sums<Lanes, Int, kGroup>(panel, activations + half * 16 * sizeof(typename Int::Code),
                                 stride, acc);
#pragma GCC unroll 8
  for (size_t t = 0; t < kTileTokens; ++t) {
    const auto* const group = reinterpret_cast<const ActivationGroup*>(
        activations + t * stride + kScaled * sizeof(typename Int::Code));
    const F value_sum = Lanes::set1(group->value_sum[kGroup == kScaled ? 2 : half]);
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) {
      float* const at = total + t * kBlock + j * Lanes::kLanes;
      const F scale = Int::scaled(*group, scales + j * Lanes::kLanes);
      F sum = Lanes::load(at);
      if constexpr (kMinima)
        sum = Lanes::fma_from(value_sum, scales + kBlock + j * Lanes::kLanes, sum);
      Lanes::store(at, Lanes::fma(Lanes::to_float(acc[t][j]), scale, sum));
    }
  }
}

template <class Lanes, class Int, size_t kGroup, bool kMinima>
void multiply_form(const CodePanel& form, const TileArgs& args, size_t cols) {
  constexpr size_t kTileWidth = Lanes::kTileVectors * Lanes::kLanes;
  constexpr size_t kCodeBytes = sizeof(typename Int::Code);
  const size_t stride = args.left_row_bytes;
  for (size_t token = 0; token < args.tokens; token += kTileTokens) {
    alignas(64) float total[kTileTokens * kBlock] = {};
    const std::byte* const left = args.left + token * stride;
    const std::byte* panel = args.panel;
    for (size_t col = 0; col < cols; col += kGroup, panel += form.group_bytes(kCodeBytes)) {
      const size_t half = col / 16 % 2;  // of the activations' group; 0 where kGroup is all of it
      const std::byte* const group = left + col / kScaled * activation_group_bytes(kCodeBytes);
      const auto* const scales =
          reinterpret_cast<const float*>(panel + kGroup * kBlock * kCodeBytes);
      for (size_t row = 0; row < args.width; row += kTileWidth)
        add_group<Lanes, Int, kGroup, kMinima>(panel + row * 4, scales + row, group, half, stride,
                                               total + row);
    }
    for (size_t t = 0; t < kTileTokens && token + t < args.tokens; ++t)
      std::memcpy(args.y + (token + t) * args.y_stride, total + t * kBlock,
                  args.width * sizeof(float));
  }
}

template <class Lanes, class Int, size_t kGroup>
void multiply_groups(const CodePanel& form, const TileArgs& args, size_t cols) {
  if (form.minima || Int::kPack == 4) {
    multiply_form<Lanes, Int, kGroup, true>(form, args, cols);
  } else {
    multiply_form<Lanes, Int, kGroup, false>(form, args, cols);
  }
}

template <class Lanes, class Int>
void multiply_codes(const CodePanel& form, const TileArgs& args, size_t cols) {
  if (form.group == 32) {
    multiply_groups<Lanes, Int, 32>(form, args, cols);
  } else {
    multiply_groups<Lanes, Int, 16>(form, args, cols);
  }
}

template <class Lanes, class Int>
constexpr CodeKernels kCodeKernelsOf = {sizeof(typename Int::Code), convert_codes<Lanes, Int>,
                                        pack_codes<Lanes, Int>, multiply_codes<Lanes, Int>};

template <class Lanes>
constexpr MatmulKernels make_matmul_kernels() {
  MatmulKernels kernels = {.f32 = kFloatKernelsOf<Lanes, typename Lanes::F32>,
                           .bf16 = {},
                           .int16 = kCodeKernelsOf<Lanes, Int16<Lanes>>,
                           .int8 = {}};
  if constexpr (Lanes::kDotBf16) kernels.bf16 = kFloatKernelsOf<Lanes, typename Lanes::Bf16>;
  if constexpr (Lanes::kDotBytes) kernels.int8 = kCodeKernelsOf<Lanes, Int8<Lanes>>;
  return kernels;
}

}  // namespace
}  // namespace fathom
