// The f32 kernels of matmul_kernels.h, written once over the lanes of matmul_lanes_*.h.
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

// Packing is a transposition, a square of kLanes x kLanes at a time in registers.
template <class Lanes>
void pack_floats(const float* decoded, size_t cols, std::byte* panel) {
  constexpr size_t n = Lanes::kLanes;
  for (size_t row = 0; row < kPackRows; row += n) {
    for (size_t first = 0; first < cols; first += n) {
      typename Lanes::F square[n];
      for (size_t r = 0; r < n; ++r)
        square[r] = Lanes::load(decoded + (row + r) * kPackCols + first);
      Lanes::transpose(square);
      const size_t count = cols - first < n ? cols - first : n;
      float* const to = reinterpret_cast<float*>(panel) + first * kBlock + row;
      for (size_t i = 0; i < count; ++i) Lanes::store(to + i * kBlock, square[i]);
    }
  }
}

// Columns multiplied before the accumulators return to y: a slice of 256 KiB stays in L2
// while the tokens pass over it. (Slices that fit L1 are slower: y is read and written more often.)
constexpr size_t kSliceCols = 1024;

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
template <class Lanes>
void multiply_slice(const TileArgs& args, size_t first, size_t cols, size_t row) {
  constexpr int kVectors = Lanes::kTileVectors;
  const size_t stride = args.left_row_bytes / sizeof(float);
  const auto* const panel = reinterpret_cast<const float*>(args.panel) + first * kBlock + row;
  for (size_t token = 0; token < args.tokens; token += kTileTokens) {
    const auto* const left = reinterpret_cast<const float*>(args.left) + token * stride + first;
    typename Lanes::F acc[kTileTokens][kVectors];
#pragma GCC unroll 8
    for (size_t t = 0; t < kTileTokens; ++t)
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) acc[t][j] = Lanes::zero();
    tile_product<Lanes, typename Lanes::F32, kTileTokens, kVectors>(left, stride, panel, kBlock,
                                                                    cols, acc);
    store_tile<Lanes, kVectors>(acc, args.tokens - token, args.width - row, first > 0,
                                args.y + token * args.y_stride + row, args.y_stride);
  }
}

template <class Lanes>
void multiply_floats(const TileArgs& args, size_t cols) {
  static_assert(kTileTokens == Lanes::kTileRows);
  constexpr size_t kTileWidth = Lanes::kTileVectors * Lanes::kLanes;
  const size_t slices = (cols + kSliceCols - 1) / kSliceCols;
  for (size_t s = 0; s < slices; ++s) {  // of equal size, to one column
    const size_t begin = cols * s / slices;
    const size_t end = cols * (s + 1) / slices;
    for (size_t row = 0; row < args.width; row += kTileWidth)
      multiply_slice<Lanes>(args, begin, end - begin, row);
  }
}

}  // namespace
}  // namespace fathom
