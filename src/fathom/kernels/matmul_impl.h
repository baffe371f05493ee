// The panel kernels of matmul.h, written once over the lanes of matmul_lanes_*.h.
//
// Included by one file per instruction set, and nowhere else: all here is in the anonymous
// namespace, so that no file's code can stand in for another's.
#pragma once

#include <cstddef>
#include <cstring>

#include "fathom/kernels/matmul_kernels.h"
#include "fathom/kernels/tile.h"

namespace fathom {
namespace {

template <class Lanes, class Op>
void convert(const float* x, size_t count, std::byte* left) {
  constexpr size_t n = Lanes::kLanes;
  auto* const to = reinterpret_cast<typename Op::Left*>(left);
  size_t i = 0;
  for (; i + 2 * n <= count; i += 2 * n)
    Op::store_left(to + i, Lanes::load(x + i), Lanes::load(x + i + n), Lanes::zero());
  if (i == count) return;
  float rest[2 * n] = {};
  std::memcpy(rest, x + i, (count - i) * sizeof(float));
  Op::store_left(to + i, Lanes::load(rest), Lanes::load(rest + n), Lanes::zero());
}

// One pack is 32 bits whatever the operand: two bf16 or one f32. So packing is a transposition of
// 32-bit units, a square of kLanes x kLanes at a time in registers.
template <class Lanes, class Op>
void pack(const float* decoded, size_t packs, std::byte* panel) {
  constexpr size_t n = Lanes::kLanes;
  for (size_t row = 0; row < kPackRows; row += n) {
    for (size_t first = 0; first < packs; first += n) {
      typename Lanes::F units[n];
      for (size_t r = 0; r < n; ++r) {
        const float* const at = decoded + (row + r) * kPackCols + first * Op::kPack;
        if constexpr (Op::kPack == 2) {
          units[r] = Lanes::bf16_pairs(Lanes::load(at), Lanes::load(at + n));
        } else {
          units[r] = Lanes::load(at);
        }
      }
      Lanes::transpose(units);
      const size_t count = packs - first < n ? packs - first : n;
      float* const to = reinterpret_cast<float*>(panel) + first * kBlock + row;
      for (size_t i = 0; i < count; ++i) Lanes::store(to + i * kBlock, units[i]);
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

// Columns [column, column + kTileVectors * kLanes) of every tile of tokens, over one slice.
template <class Lanes, class Op>
void multiply_slice(const TileArgs& args, size_t first_pack, size_t packs, size_t column) {
  constexpr int kVectors = Lanes::kTileVectors;
  const size_t stride = args.left_row_bytes / sizeof(typename Op::Left);
  const auto* const panel = reinterpret_cast<const typename Op::Right*>(args.panel) +
                            (first_pack * kBlock + column) * Op::kPack;
  for (size_t token = 0; token < args.tokens; token += kTileTokens) {
    const auto* const left = reinterpret_cast<const typename Op::Left*>(args.left) +
                             token * stride + first_pack * Op::kPack;
    typename Lanes::F acc[kTileTokens][kVectors];
#pragma GCC unroll 8
    for (size_t t = 0; t < kTileTokens; ++t)
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) acc[t][j] = Lanes::zero();
    tile_product<Lanes, Op, kTileTokens, kVectors>(left, stride, panel, kBlock, packs, acc);
    store_tile<Lanes, kVectors>(acc, args.tokens - token, args.width - column, first_pack > 0,
                                args.y + token * args.y_stride + column, args.y_stride);
  }
}

template <class Lanes, class Op>
void multiply(const TileArgs& args) {
  static_assert(kTileTokens == Lanes::kTileRows);
  constexpr size_t kTileWidth = Lanes::kTileVectors * Lanes::kLanes;
  const size_t slices = (args.packs + kSlicePacks - 1) / kSlicePacks;
  for (size_t s = 0; s < slices; ++s) {  // of equal size, to one pack
    const size_t begin = args.packs * s / slices;
    const size_t end = args.packs * (s + 1) / slices;
    for (size_t column = 0; column < args.width; column += kTileWidth)
      multiply_slice<Lanes, Op>(args, begin, end - begin, column);
  }
}

template <class Lanes, class Op>
constexpr MatmulKernels kKernelsOf = {sizeof(typename Op::Left), convert<Lanes, Op>,
                                      pack<Lanes, Op>, multiply<Lanes, Op>};

template <class Lanes>
constexpr MatmulTable kMatmulTable = {
    {kKernelsOf<Lanes, typename Lanes::Bf16>, kKernelsOf<Lanes, typename Lanes::F32>}};

}  // namespace
}  // namespace fathom
