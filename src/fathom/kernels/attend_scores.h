// The two ways in which the attention loop forms scores: queries and keys of the operand's type, or
// both in 8 bits (byte_keys.h).
//
// Either holds an item's queries in its own form. `fill(r, query, scale)` takes one row;
// bias(row, keys, out) finds what is added to every score of a block; scores(...) forms those of
// kR rows and one tile of columns, less their rows' exponents.
//
// Included by attend_impl.h alone.
#pragma once

#include "fathom/kernels/attend_kernel.h"
#include "fathom/kernels/byte_keys.h"
#include "fathom/kernels/largest.h"
#include "fathom/kernels/tile.h"

namespace fathom {
namespace {

template <class Vec, class Op>
class FloatScores {
  using F = typename Vec::F;
  static constexpr size_t kLanes = Vec::kLanes;
  static constexpr int kVectors = Vec::kTileVectors;

 public:
  // `memory`: attend_query_floats(rows, dim) floats.
  FloatScores(size_t, size_t dim, float* memory)
      : dim_(dim), queries_(reinterpret_cast<typename Op::Left*>(memory)) {}

  static size_t block_bytes(size_t dim) { return kBlock * dim * sizeof(typename Op::Right); }
  // Steps of side work in the scores of one tile of rows and one block.
  static size_t side_steps(size_t dim) {
    return kBlock / (kVectors * kLanes) * (dim / Op::kPack / 2);
  }

  // Two vectors at a time. Where `dim` ends on one, the second's zeros land in the next row, which
  // is filled later, or in the spare memory after the last.
  void fill(size_t r, const float* query, F scale) {
    for (size_t i = 0; i < dim_; i += 2 * kLanes) {
      const F a = Vec::mul(Vec::load(query + i), scale);
      const F b = i + kLanes < dim_ ? Vec::mul(Vec::load(query + i + kLanes), scale) : Vec::zero();
      Op::store_left(queries_ + r * dim_ + i, a, b, Vec::zero());
    }
  }

  template <int kR>
  void bias(size_t, const std::byte*, float (&)[kR]) const {}

  template <int kR, class Side>
  [[gnu::always_inline]] void scores(size_t row, const std::byte* keys, size_t column,
                                     const float* exponents, const float (&)[kR],
                                     F (&acc)[kR][kVectors], Side& side) const {
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r)
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) acc[r][j] = Vec::set1(-exponents[r]);
    const auto* const panel = reinterpret_cast<const typename Op::Right*>(keys);
    tile_product<Vec, Op>(queries_ + row * dim_, dim_, panel + column * Op::kPack, kBlock,
                          dim_ / Op::kPack, acc, side);
  }

 private:
  const size_t dim_;
  typename Op::Left* const queries_;  // [rows, dim]
};

// score = query scale * key scale * (codes . codes) + query . the block's mean key
template <class Vec>
class ByteScores {
  using F = typename Vec::F;
  using I = typename Vec::I;
  static constexpr size_t kLanes = Vec::kLanes;
  static constexpr int kVectors = Vec::kTileVectors;
  static constexpr size_t kPack = 4;

 public:
  ByteScores(size_t rows, size_t dim, float* memory)
      : dim_(dim),
        queries_(memory),
        scales_(queries_ + rows * dim),
        offsets_(reinterpret_cast<int32_t*>(scales_ + rows)),
        codes_(reinterpret_cast<int8_t*>(offsets_ + rows)) {}

  static size_t block_bytes(size_t dim) { return ByteKeys(dim).bytes(); }
  static size_t side_steps(size_t dim) { return kBlock / (kVectors * kLanes) * (dim / kPack); }

  void fill(size_t r, const float* query, F scale) {
    float* const to = queries_ + r * dim_;
    for (size_t i = 0; i < dim_; i += kLanes)
      Vec::store(to + i, Vec::mul(Vec::load(query + i), scale));
    const float largest = largest_magnitude<Vec>(to, dim_);
    const bool zero = largest <= kSmallest;
    scales_[r] = zero ? 0 : largest / ByteKeys::kRange;
    if (!(largest < __builtin_inff()))
      return fill_with_nothing(r);  // the scale is no number either
    const F inverse = Vec::set1(zero ? 0 : ByteKeys::kRange / largest);
    F sum = Vec::zero();
    for (size_t i = 0; i < dim_; i += kLanes) {
      const I code = Vec::round_to_int(Vec::mul(Vec::load(to + i), inverse));
      Vec::store_int8(codes_ + r * dim_ + i, code);
      sum = Vec::add(sum, Vec::to_float(code));
    }
    offsets_[r] = -ByteKeys::kZero * static_cast<int32_t>(Vec::reduce_add(sum));
  }

  void fill_with_nothing(size_t r) {
    scales_[r] = __builtin_nanf("");
    offsets_[r] = 0;
    for (size_t i = 0; i < dim_; ++i) codes_[r * dim_ + i] = 0;
  }

  template <int kR>
  void bias(size_t row, const std::byte* keys, float (&out)[kR]) const {
    const float* const mean = ByteKeys(dim_).mean(keys);
    F sums[kR];
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r) sums[r] = Vec::zero();
    for (size_t i = 0; i < dim_; i += kLanes) {
      const F m = Vec::load(mean + i);
#pragma GCC unroll 8
      for (int r = 0; r < kR; ++r)
        sums[r] = Vec::fma(m, Vec::load(queries_ + (row + r) * dim_ + i), sums[r]);
    }
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r) out[r] = Vec::reduce_add(sums[r]);
  }

  template <int kR, class Side>
  [[gnu::always_inline]] void scores(size_t row, const std::byte* keys, size_t column,
                                     const float* exponents, const float (&bias)[kR],
                                     F (&acc)[kR][kVectors], Side& side) const {
    I sums[kR][kVectors];
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r)
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) sums[r][j] = Vec::splat_int(offsets_ + row + r);
    multiply(row, keys + column * kPack, sums, side);
    const float* const key_scales = ByteKeys(dim_).scales(keys) + column;
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r) {
      const F scale = Vec::set1(scales_[row + r]);
      const F base = Vec::set1(bias[r] - exponents[r]);
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j)
        acc[r][j] = Vec::fma(Vec::to_float(sums[r][j]),
                             Vec::mul_from(scale, key_scales + j * kLanes), base);
    }
  }

 private:
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
        const I query = Vec::splat_int(codes + r * dim_);
#pragma GCC unroll 8
        for (int j = 0; j < kVectors; ++j) sums[r][j] = Vec::dot_bytes(sums[r][j], key[j], query);
      }
      keys += kBlock * kPack;
      codes += kPack;
      side.step();
    }
  }

  const size_t dim_;
  float* const queries_;    // [rows, dim], scaled
  float* const scales_;     // [rows]
  int32_t* const offsets_;  // [rows]: what the keys' zero adds to a sum, negated
  int8_t* const codes_;     // [rows, dim]
};

}  // namespace
}  // namespace fathom
