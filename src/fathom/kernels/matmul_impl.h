// The kernels in floating point of matmul_kernels.h, written once over the lanes of
// matmul_lanes_*.h.
//
// Included by one file per instruction set, and nowhere else: all here is in the anonymous
// namespace, so that no file's code can stand in for another's.
#pragma once

#include <cstddef>
#include <cstring>

#include "fathom/kernels/matmul_kernels.h"
#include "fathom/kernels/tile.h"
#include "fathom/simd/vec_common.h"

namespace fathom {
namespace {

template <class Op>
constexpr size_t packs_of(size_t cols) {
  return (cols + Op::kPack - 1) / Op::kPack;
}

// The last pack's missing element is zero.
template <class Lanes, class Op>
void convert_floats(const float* x, size_t cols, std::byte* left) {
  constexpr size_t n = 2 * Lanes::kLanes;
  auto* const to = reinterpret_cast<typename Op::Left*>(left);
  size_t i = 0;
  for (; i + n <= cols; i += n)
    Op::store_left(to + i, Lanes::load(x + i), Lanes::load(x + i + n / 2), Lanes::zero());
  float rest[n] = {};
  typename Op::Left rounded[n];
  std::memcpy(rest, x + i, (cols - i) * sizeof(float));
  Op::store_left(rounded, Lanes::load(rest), Lanes::load(rest + n / 2), Lanes::zero());
  std::memcpy(to + i, rounded, packs_of<Op>(cols - i) * Op::kPack * sizeof(typename Op::Left));
}

// kLanes packs from as many elements of a row as they hold.
template <class Lanes, class Op>
FATHOM_INLINE typename Lanes::F units(const float* decoded) {
  if constexpr (Op::kPack == 1) {
    return Lanes::load(decoded);
  } else {
    return Lanes::bf16_pairs(decoded);
  }
}

// Packing is a transposition, a square of kLanes x kLanes packs at a time in registers.
template <class Lanes, class Op>
void pack_floats(const float* decoded, size_t cols, std::byte* panel) {
  static_assert(Op::kPack * sizeof(typename Op::Right) == kUnitBytes);
  constexpr size_t n = Lanes::kLanes;
  const size_t packs = packs_of<Op>(cols);
  for (size_t row = 0; row < kPackRows; row += n) {
    for (size_t first = 0; first < packs; first += n) {
      typename Lanes::F square[n];
      for (size_t r = 0; r < n; ++r)
        square[r] = units<Lanes, Op>(decoded + (row + r) * kPackCols + first * Op::kPack);
      Lanes::transpose(square);
      const size_t count = packs - first < n ? packs - first : n;
      float* const to = reinterpret_cast<float*>(panel) + first * kBlock + row;
      for (size_t i = 0; i < count; ++i) Lanes::store(to + i * kBlock, square[i]);
    }
  }
}

// Packs multiplied before the accumulators return to y: a slice of 256 KiB stays in L2
// while the tokens pass over it. (Slices that fit L1 are slower: y is read and written more often.)
constexpr size_t kSlicePacks = 1024;

// Inlined, or the accumulators would have to be in memory, and are then stored at every step.
template <class Lanes, int kVectors>
[[gnu::always_inline]] inline void store_tile(const typename Lanes::F (&acc)[kTileTokens][kVectors],
                                              size_t tokens, size_t width, bool add, float* y,
                                              size_t y_stride) {
  constexpr size_t n = Lanes::kLanes;
#pragma GCC unroll 8
  for (size_t t = 0; t < kTileTokens; ++t) {
    if (t >= tokens) break;
    float* const row = y + t * y_stride;
#pragma GCC unroll 8
    for (size_t j = 0; j < static_cast<size_t>(kVectors); ++j) {
      if (j * n >= width) break;
      float* const to = row + j * n;
      const size_t count = width - j * n < n ? width - j * n : n;
      if (count == n) {
        Lanes::store(to, add ? Lanes::add(Lanes::load(to), acc[t][j]) : acc[t][j]);
      } else {
        float lanes[n];
        Lanes::store(lanes, acc[t][j]);
        for (size_t i = 0; i < count; ++i) to[i] = add ? to[i] + lanes[i] : lanes[i];
      }
    }
  }
}

// Rows [row, row + kTileVectors * kLanes) of the panel by every tile of tokens, over one slice.
template <class Lanes, class Op>
void multiply_slice(const TileArgs& args, size_t first, size_t packs, size_t row) {
  constexpr int kVectors = Lanes::kTileVectors;
  using Left = typename Op::Left;
  const size_t stride = args.left_row_bytes / sizeof(Left);
  const auto* const panel =
      reinterpret_cast<const typename Op::Right*>(args.panel) + (first * kBlock + row) * Op::kPack;
  for (size_t token = 0; token < args.tokens; token += kTileTokens) {
    const auto* const left =
        reinterpret_cast<const Left*>(args.left) + token * stride + first * Op::kPack;
    typename Lanes::F acc[kTileTokens][kVectors];
#pragma GCC unroll 8
    for (auto& sums : acc)
#pragma GCC unroll 8
      for (auto& sum : sums) sum = Lanes::zero();
    tile_product<Lanes, Op, kTileTokens, kVectors>(left, stride, panel, kBlock, packs, acc);
    store_tile<Lanes, kVectors>(acc, args.tokens - token, args.width - row, first > 0,
                                args.y + token * args.y_stride + row, args.y_stride);
  }
}

template <class Lanes, class Op>
void multiply_floats(const TileArgs& args, size_t cols) {
  static_assert(kTileTokens == Lanes::kTileRows);
  constexpr size_t kTileWidth = Lanes::kTileVectors * Lanes::kLanes;
  const size_t packs = packs_of<Op>(cols);
  const size_t slices = (packs + kSlicePacks - 1) / kSlicePacks;
  for (size_t s = 0; s < slices; ++s) {  // of equal size, to one pack
    const size_t begin = packs * s / slices;
    const size_t end = packs * (s + 1) / slices;
    for (size_t row = 0; row < args.width; row += kTileWidth)
      multiply_slice<Lanes, Op>(args, begin, end - begin, row);
  }
}

template <class Lanes, class Op>
constexpr FloatKernels kFloatKernelsOf = {Op::kPack, Op::kPack * sizeof(typename Op::Left),
                                          convert_floats<Lanes, Op>, pack_floats<Lanes, Op>,
                                          multiply_floats<Lanes, Op>};

}  // namespace
}  // namespace fathom
