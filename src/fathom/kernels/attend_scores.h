// The two ways in which the attention loop forms scores: queries and keys of the operand's type, or
// both in 8 bits (byte_keys.h).
//
// Either holds an item's queries in its own form, the rows of a tile interleaved pack by pack, so
// that a product reads them from one place. `fill(r, query, scale)` takes one row;
// take_means(cursor) is called every kBlock blocks, with the cursor at the first of them;
// scores(...) forms those of kR rows and one tile of columns of the block with that index among
// these.
//
// Included by attend_impl.h and key_scores_impl.h alone.
#pragma once

#include "fathom/kernels/attend_kernel.h"
#include "fathom/kernels/attend_scan.h"
#include "fathom/kernels/byte_keys.h"
#include "fathom/kernels/largest.h"
#include "fathom/kernels/tile.h"

namespace fathom {
namespace {

template <class Vec, class Op>
class FloatScores {
  using F = typename Vec::F;
  using Left = typename Op::Left;
  static constexpr size_t kLanes = Vec::kLanes;
  static constexpr int kVectors = Vec::kTileVectors;

 public:
  // `memory`: attend_query_floats(rows, dim) floats.
  FloatScores(size_t rows, size_t dim, float* memory)
      : rows_(rows), dim_(dim), queries_(reinterpret_cast<Left*>(memory)) {}

  static constexpr bool kCodes =
      true;  // keys may lie as a KvType other than the operand's has them
  static size_t block_bytes(size_t dim) { return kBlock * dim * sizeof(typename Op::Right); }
  // Steps of side work in the scores of one tile of rows and one block.
  static size_t side_steps(size_t dim) {
    return kBlock / (kVectors * kLanes) * (dim / Op::kPack / 2);
  }

  void fill(size_t r, const float* query, float scale) {
    const RowTile tile = row_tile_of(r, rows_);
    Left* to = queries_ + tile.first * dim_ + (r - tile.first) * Op::kPack;
    const F by = Vec::set1(scale);
    for (size_t i = 0; i < dim_; i += 2 * kLanes) {
      const bool both = i + kLanes < dim_;
      const F a = Vec::mul(Vec::load(query + i), by);
      const F b = both ? Vec::mul(Vec::load(query + i + kLanes), by) : Vec::zero();
      Left row[2 * kLanes];
      Op::store_left(row, a, b, Vec::zero());
      for (size_t p = 0; p < (both ? 2 : 1) * kLanes; p += Op::kPack) {
        __builtin_memcpy(to, row + p, Op::kPack * sizeof *to);
        to += tile.rows * Op::kPack;
      }
    }
  }

  void take_means(BlockCursor&) const {}

  template <int kR, class Side>
  [[gnu::always_inline]] void scores(size_t row, const std::byte* keys, size_t, size_t column,
                                     F (&acc)[kR][kVectors], Side& side) const {
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r)
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) acc[r][j] = Vec::zero();
    const auto* const panel = reinterpret_cast<const typename Op::Right*>(keys);
    tile_product<Vec, Op>(queries_ + row * dim_, Op::kPack, panel + column * Op::kPack, kBlock,
                          dim_ / Op::kPack, acc, side, kR * Op::kPack);
  }

 private:
  const size_t rows_;
  const size_t dim_;
  Left* const queries_;  // [rows / 6][dim / kPack][6][kPack]
};

// score = query scale * key scale * (codes . codes) + query . the block's mean key
//
// The last term is a product like any other, of queries by the means of many blocks, in the operand
// Op: it is formed for kBlock blocks at once.
template <class Vec, class Op>
class ByteScores {
  using F = typename Vec::F;
  using I = typename Vec::I;
  static constexpr size_t kLanes = Vec::kLanes;
  static constexpr int kVectors = Vec::kTileVectors;
  static constexpr size_t kPack = 4;
  static_assert(Op::kPack == 2);

 public:
  // `memory`: attend_query_floats(rows, dim) floats.
  ByteScores(size_t rows, size_t dim, float* memory)
      : rows_(rows),
        dim_(dim),
        biases_(memory),
        means_(reinterpret_cast<uint32_t*>(biases_ + rows * kBlock)),
        scales_(biases_ + rows * kBlock + kBlock * dim / 2),
        offsets_(reinterpret_cast<int32_t*>(scales_ + rows)),
        codes_(reinterpret_cast<int8_t*>(offsets_ + rows)),
        queries_(rows, dim, scales_ + rows * (2 + dim / 4)) {}

  static constexpr bool kCodes = false;
  static size_t block_bytes(size_t dim) { return ByteKeys(dim).bytes(); }
  static size_t side_steps(size_t dim) { return kBlock / (kVectors * kLanes) * (dim / kPack); }

  void fill(size_t r, const float* query, float scale) {
    const float largest = scale * largest_magnitude<Vec>(query, dim_);
    const bool finite = largest < __builtin_inff();
    const bool zero = largest <= kSmallest;
    const F by = Vec::set1(scale);
    const F inverse = Vec::set1(zero || !finite ? 0 : ByteKeys::kRange / largest);
    const RowTile tile = row_tile_of(r, rows_);
    int8_t* to = codes_ + tile.first * dim_ + (r - tile.first) * kPack;
    F sum = Vec::zero();
    for (size_t i = 0; i < dim_; i += kLanes) {
      const F x = finite ? Vec::load(query + i) : Vec::zero();
      const I code = Vec::round_to_int(Vec::mul(Vec::mul(x, by), inverse));
      sum = Vec::add(sum, Vec::to_float(code));
      int8_t codes[kLanes];
      Vec::store_int8(codes, code);
      for (size_t p = 0; p < kLanes; p += kPack) {
        __builtin_memcpy(to, codes + p, kPack);
        to += tile.rows * kPack;
      }
    }
    offsets_[r] = -ByteKeys::kZero * static_cast<int32_t>(Vec::reduce_add(sum));
    scales_[r] = !finite ? __builtin_nanf("") : zero ? 0 : largest / ByteKeys::kRange;
    queries_.fill(r, query, scale);
  }

  // Finds query . mean for every row and the cursor's next kBlock blocks.
  void take_means(BlockCursor& cursor) {
    for (size_t n = 0; n < kBlock && !cursor.done(); ++n, cursor.next()) {
      const uint16_t* const mean = ByteKeys(dim_).mean(cursor.keys());
      for (size_t i = 0; i < dim_ / 2; ++i)
        __builtin_memcpy(means_ + i * kBlock + n, mean + 2 * i, sizeof *means_);
    }
    for_row_tiles(rows_, [&]<int kR>(size_t row) { take_biases<kR>(row); });
  }

  template <int kR, class Side>
  [[gnu::always_inline]] void scores(size_t row, const std::byte* keys, size_t index, size_t column,
                                     F (&acc)[kR][kVectors], Side& side) const {
    I sums[kR][kVectors];
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r)
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) sums[r][j] = Vec::zero_int();
    multiply(row, keys + column * kPack, sums, side);
    const float* const key_scales = ByteKeys(dim_).scales(keys) + column;
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r) {
      const I offset = Vec::splat_int(offsets_ + row + r);
      const F scale = Vec::set1(scales_[row + r]);
      const F bias = Vec::set1(biases_[(row + r) * kBlock + index]);
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j)
        acc[r][j] = Vec::fma(Vec::to_float(Vec::add_int(sums[r][j], offset)),
                             Vec::mul_from(scale, key_scales + j * kLanes), bias);
    }
  }

 private:
  template <int kR>
  [[gnu::always_inline]] void take_biases(size_t row) {
    for (size_t column = 0; column < kBlock; column += kVectors * kLanes) {
      F acc[kR][kVectors];
      NoSideWork none;
      queries_.template scores<kR>(row, reinterpret_cast<const std::byte*>(means_), 0, column, acc,
                                   none);
#pragma GCC unroll 8
      for (int r = 0; r < kR; ++r)
#pragma GCC unroll 8
        for (int j = 0; j < kVectors; ++j)
          Vec::store(biases_ + (row + r) * kBlock + column + j * kLanes, acc[r][j]);
    }
  }

  template <int kR, class Side>
  [[gnu::always_inline]] void multiply(size_t row, const std::byte* keys, I (&sums)[kR][kVectors],
                                       Side& side) const {
    const int8_t* codes = codes_ + row * dim_;
#pragma GCC unroll 1
    for (size_t i = 0; i < dim_; i += kPack) {
      I key[kVectors];
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) key[j] = Vec::load_int(keys + j * kLanes * kPack);
#pragma GCC unroll 8
      for (int r = 0; r < kR; ++r) {
        const I query = Vec::splat_int(codes + r * kPack);
#pragma GCC unroll 8
        for (int j = 0; j < kVectors; ++j) sums[r][j] = Vec::dot_bytes(sums[r][j], key[j], query);
      }
      keys += kBlock * kPack;
      codes += kR * kPack;
      side.step();
    }
  }

  const size_t rows_;
  const size_t dim_;
  float* const biases_;     // [rows, kBlock]: query . mean, by block
  uint32_t* const means_;   // a panel (panel.h) of kBlock means; past the last, anything
  float* const scales_;     // [rows]
  int32_t* const offsets_;  // [rows]: what the keys' zero adds to a sum, negated
  int8_t* const codes_;     // [rows / 6][dim / kPack][6][kPack]
  FloatScores<Vec, Op> queries_;
};

}  // namespace
}  // namespace fathom
