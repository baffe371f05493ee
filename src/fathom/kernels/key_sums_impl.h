// The loop behind key_sums(), written once over the SIMD vocabulary and compiled per instruction
// set.
//
// Key blocks stream by; six rows at a time are scored against each, in registers, by the products
// of the attention loop (attend_scores.h). The exponent of a row's weights is known beforehand, so
// a score becomes a weight at once, and the rows' weights are added up by columns.
//
// Included by one file per instruction set, and nowhere else: all here is in the anonymous
// namespace.
#pragma once

#include "fathom/kernels/attend_decode.h"
#include "fathom/kernels/attend_scan.h"
#include "fathom/kernels/attend_scores.h"
#include "fathom/kernels/key_sums_kernel.h"
#include "fathom/kernels/tile.h"

namespace fathom {
namespace {

template <class Vec, class Op, class Scores = FloatScores<Vec, Op>>
class KeySumsLoop {
  using F = typename Vec::F;
  using Decoder = PanelDecoder<Vec, Op>;

  static constexpr size_t kLanes = Vec::kLanes;
  static constexpr int kVectors = Vec::kTileVectors;
  static constexpr size_t kColumns = kVectors * kLanes;
  static constexpr float kMasked = -1e30f;  // the exponent of a weight of 0
  static_assert(kBlock % kColumns == 0);

 public:
  explicit KeySumsLoop(const KeySumsItem& item)
      : item_(item),
        queries_(item.scan.rows, item.scan.head_dim, item.scan.scratch),
        panel_(reinterpret_cast<typename Op::Right*>(
            item.scan.scratch + attend_query_floats(item.scan.rows, item.scan.head_dim))) {}

  void run() {
    const AttendItem& scan = item_.scan;
    for (size_t r = 0; r < scan.rows; ++r) queries_.fill(r, scan.queries[r], scan.scale);
    BlockCursor means(scan);
    size_t index = 0;  // among those whose means were taken together
    for (BlockCursor cursor(scan); !cursor.done(); cursor.next()) {
      if (index == 0) queries_.take_means(means);
      const std::byte* const keys = keys_of(cursor);
      for_row_tiles(scan.rows, [&]<int kR>(size_t row) { add_tile<kR>(row, cursor, keys, index); });
      index = (index + 1) % kBlock;
    }
  }

 private:
  // A block's keys as a product reads them: as they lie, or decoded.
  const std::byte* keys_of(const BlockCursor& cursor) const {
    const AttendItem& scan = item_.scan;
    const bool plain = !Scores::kCodes || scan.coded == nullptr ||
                       scan.coded[cursor.block()] == 0 || scan.key_type == Decoder::kPlain;
    if (plain) return cursor.keys();
    Decoder(scan.head_dim).keys(scan.key_type, cursor.keys(), panel_);
    return reinterpret_cast<const std::byte*>(panel_);
  }

  template <int kR>
  void add_tile(size_t row, const BlockCursor& cursor, const std::byte* keys, size_t index) {
    const AttendItem& scan = item_.scan;
    const bool masked = cursor.run().mask != KeyRun::kFull;
    uint64_t bits[kR] = {};
    if (masked) {
      const uint64_t* const mask = scan.masks + cursor.run().mask * kBlock;
      uint64_t any = 0;
      for (int r = 0; r < kR; ++r) any |= bits[r] = mask[scan.mask_rows[row + r]];
      if (any == 0) return;
    }
    float* const sums = item_.sums + cursor.block() * kBlock;
    for (size_t column = 0; column < kBlock; column += kColumns) {
      F acc[kR][kVectors];
      NoSideWork none;
      queries_.template scores<kR>(row, keys, index, column, acc, none);
      subtract(row, acc);
      if (masked) mask_out(bits, column, acc);
      add_weights(acc, sums + column);
    }
  }

  template <int kR>
  [[gnu::always_inline]] void subtract(size_t row, F (&acc)[kR][kVectors]) const {
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r) {
      const F log_sum = Vec::set1(item_.log_sums[row + r]);
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) acc[r][j] = Vec::sub(acc[r][j], log_sum);
    }
  }

  template <int kR>
  [[gnu::always_inline]] static void mask_out(const uint64_t (&bits)[kR], size_t column,
                                              F (&acc)[kR][kVectors]) {
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r)
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j)
        acc[r][j] = Vec::select(bits[r] >> (column + j * kLanes), acc[r][j], Vec::set1(kMasked));
  }

  template <int kR>
  [[gnu::always_inline]] static void add_weights(const F (&acc)[kR][kVectors], float* sums) {
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) {
      F sum = Vec::load(sums + j * kLanes);
#pragma GCC unroll 8
      for (int r = 0; r < kR; ++r)
        sum = Vec::add(sum, Vec::template exp2<Op::kExp2Degree>(acc[r][j]));
      Vec::store(sums + j * kLanes, sum);
    }
  }

  const KeySumsItem& item_;
  Scores queries_;
  typename Op::Right* const panel_;  // of a block's decoded keys
};

}  // namespace
}  // namespace fathom
