// The one tile product: scores, values and projections in floating point run through it. (Those of
// integers have the same shape: attend_scores.h, matmul_codes_impl.h.)
//
// acc[r][j] += rows[r] . panel[:, column block j], over `packs` packs of the reduced dimension, for
// kRows rows and kVectors vectors of adjacent columns. The accumulators stay in registers: with
// Vec::kTileRows x Vec::kTileVectors of them, each panel vector is loaded once per 6 rows and each
// row element broadcast once per 4 vectors (2 on AVX2), so loads take less time than products.
//
//   rows    kRows rows of Op::Left, `stride` elements apart; depth = packs * Op::kPack. The packs
//           of a row are `step` elements apart: side by side unless rows are interleaved
//   panel   panel.h's layout, at the first of the tile's columns: column c of a panel starts at
//           panel + c * Op::kPack; `width` is the whole panel's, in columns
//
// Compiled once per instruction set (simd/vec_common.h has the vocabulary); everything is inlined
// into its caller, so that no symbol compiled for one instruction set can serve another.
#pragma once

#include <cstddef>

namespace fathom {

template <class Vec, class Op, int kPart, int kRows, int kVectors>
[[gnu::always_inline]] inline void tile_step(const typename Op::Left* rows, size_t stride,
                                             const typename Op::Right* panel,
                                             typename Vec::F (&acc)[kRows][kVectors]) {
  decltype(Op::template right<kPart>(panel)) b[kVectors];
#pragma GCC unroll 8
  for (int j = 0; j < kVectors; ++j)
    b[j] = Op::template right<kPart>(panel + j * Vec::kLanes * Op::kPack);
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    const auto a = Op::template left<kPart>(rows + r * stride);
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) acc[r][j] = Op::dot(acc[r][j], a, b[j]);
  }
}

// Other work to be done between the steps of a product: none.
struct NoSideWork {
  void step() {}
};

template <class Vec, class Op, int kRows, int kVectors, class Side = NoSideWork>
[[gnu::always_inline]] inline void tile_product(const typename Op::Left* rows, size_t stride,
                                                const typename Op::Right* panel, size_t width,
                                                size_t packs,
                                                typename Vec::F (&acc)[kRows][kVectors],
                                                Side&& side = {}, size_t step = Op::kPack) {
  for (size_t i = 0; i < packs; ++i) {
    tile_step<Vec, Op, 0>(rows, stride, panel, acc);
    if constexpr (Op::kParts == 2) tile_step<Vec, Op, 1>(rows, stride, panel, acc);
    rows += step;
    panel += width * Op::kPack;
    if (i % 2 == 0) side.step();
  }
}

}  // namespace fathom
