// The attention loop, written once over the SIMD vocabulary and compiled per instruction set.
//
// For each pair of key blocks that the plan names, and for each tile of six rows: the tile's scores
// are formed in registers, masked where the block carries a mask, turned into powers of two,
// rounded to the operand and stored in L1; then out += probabilities x values, with the output in
// registers over both blocks.
//
// The running maximum is kept lazily. Scores are accumulated onto -exponent[row], where exponent is
// an integer near the row's maximum so far. Only when a score exceeds it by more than kSlack (the
// sums stay far from overflow: 2^8 a key) is the exponent raised and the row rescaled, by an exact
// power of two. So the usual tile pays for one comparison a row: no horizontal maximum, no
// subtraction, no rescaling. (FlashAttention-4 skips rescaling likewise.)
//
// A row's sum adds its weights as rounded to the operand, those that multiply the values, so that
// the weights of a row add up to one exactly as they are used.
#pragma once

#include "fathom/kernels/attend_kernel.h"
#include "fathom/kernels/tile.h"

namespace fathom {

template <class Vec, class Op>
class AttendLoop {
  using F = typename Vec::F;
  using Left = typename Op::Left;
  using Right = typename Op::Right;

  static constexpr size_t kLanes = Vec::kLanes;
  static constexpr int kVectors = Vec::kTileVectors;
  static constexpr size_t kColumns = kVectors * kLanes;
  static constexpr int kRows = Vec::kTileRows;
  static constexpr size_t kSpan = 2;  // key blocks taken at once
  static constexpr float kSlack = 8;
  static constexpr float kInfinity = __builtin_inff();
  static_assert(kBlock % kColumns == 0 && kVectors % 2 == 0 && kRows % 2 == 0 && kLanes <= 16);

  struct Block {
    const Right* keys;
    const Right* values;
    const uint64_t* mask;  // a row per query, or null: every pair is scored
  };

 public:
  explicit AttendLoop(const AttendItem& item)
      : item_(item),
        dim_(item.head_dim),
        rows_(item.query_count * item.heads),
        left_(reinterpret_cast<Left*>(item.scratch)),
        sums_(item.scratch + padded_rows(rows_) * dim_),
        limit_(sums_ + padded_rows(rows_) * 16),
        query_of_row_(reinterpret_cast<uint32_t*>(limit_ + padded_rows(rows_))) {}

  void run() {
    start();
    Block blocks[kSpan];
    size_t count = 0;
    size_t seen = 0;
    for (size_t i = 0; i < item_.run_count; ++i) {
      const KeyRun& run = item_.runs[i];
      const size_t end = smaller(seen + run.count, item_.block_end);
      for (size_t at = larger(seen, item_.block_begin); at < end; ++at) {
        blocks[count++] = block_at(run, run.first + (at - seen));
        if (count == kSpan) {
          all_rows(blocks, count);
          count = 0;
        }
      }
      seen += run.count;
    }
    if (count > 0) all_rows(blocks, count);
    for (size_t r = 0; r < rows_; ++r)
      item_.sum[r] = Vec::reduce_add(Vec::load(sums_ + r * kLanes));
  }

 private:
  static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }
  static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

  // Converts the queries, scaled, and empties the rows' state. Rows of padding score zero.
  void start() {
    for (size_t r = 0; r < padded_rows(rows_); ++r) {
      const size_t query = r / item_.heads;
      const bool real = r < rows_;
      const float* from =
          item_.queries + query * item_.query_stride + (r % item_.heads) * item_.head_dim;
      const F scale = Vec::set1(item_.scale);
      for (size_t i = 0; i < dim_; i += 2 * kLanes) store_query(r, i, real ? from : nullptr, scale);
      for (size_t i = 0; i < dim_; i += kLanes) Vec::store(item_.out + r * dim_ + i, Vec::zero());
      Vec::store(sums_ + r * kLanes, Vec::zero());
      item_.exponent[r] = 0;
      limit_[r] = -kInfinity;  // the first score seen sets the exponent
      query_of_row_[r] = real ? static_cast<uint32_t>(query) : 0;
    }
  }

  // Two vectors at a time. Where head_dim ends on one, the second's zeros land in the next row,
  // which is written later, or, after the last row, in the sums, which are zero too.
  void store_query(size_t r, size_t i, const float* from, F scale) {
    F a = Vec::zero();
    F b = Vec::zero();
    if (from != nullptr) {
      a = Vec::mul(Vec::load(from + i), scale);
      if (i + kLanes < dim_) b = Vec::mul(Vec::load(from + i + kLanes), scale);
    }
    Op::store_left(left_ + r * dim_ + i, a, b, Vec::zero());
  }

  Block block_at(const KeyRun& run, size_t block) const {
    return {reinterpret_cast<const Right*>(item_.key_blocks[block]),
            reinterpret_cast<const Right*>(item_.value_blocks[block]),
            run.mask == KeyRun::kFull ? nullptr : item_.masks + run.mask * kBlock};
  }

  void all_rows(const Block* blocks, size_t count) {
    size_t r = 0;
    for (; r + kRows <= rows_; r += kRows) row_tile<kRows>(r, blocks, count);
    for (; r + 4 <= padded_rows(rows_); r += 4) row_tile<4>(r, blocks, count);
    for (; r < rows_; r += 2) row_tile<2>(r, blocks, count);
  }

  template <int kR>
  void row_tile(size_t row, const Block* blocks, size_t count) {
    alignas(64) Left weights[kR * kSpan * kBlock];
    const Right* values[kSpan];
    size_t live = 0;
    for (size_t b = 0; b < count; ++b) {
      uint64_t bits[kR] = {};
      if (blocks[b].mask != nullptr) {
        uint64_t any = 0;
        for (int r = 0; r < kR; ++r) any |= bits[r] = blocks[b].mask[query_of_row_[row + r]];
        if (any == 0) continue;
      }
      for (size_t column = 0; column < kBlock; column += kColumns)
        score<kR>(row, blocks[b], bits, column, weights, live * kBlock + column);
      values[live++] = blocks[b].values;
    }
    if (live > 0) add_values<kR>(row, weights, values, live);
  }

  // The weights of kR rows and kColumns keys, stored at weights[r][filled].
  template <int kR>
  [[gnu::always_inline]] void score(size_t row, const Block& block, const uint64_t* bits,
                                    size_t column, Left* weights, size_t filled) {
    F acc[kR][kVectors];
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r)
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) acc[r][j] = Vec::set1(-item_.exponent[row + r]);
    tile_product<Vec, Op>(left_ + row * dim_, dim_, block.keys + column * Op::kPack, kBlock,
                          dim_ / Op::kPack, acc);
    if (block.mask != nullptr) {
#pragma GCC unroll 8
      for (int r = 0; r < kR; ++r)
#pragma GCC unroll 8
        for (int j = 0; j < kVectors; ++j)
          acc[r][j] =
              Vec::select(bits[r] >> (column + j * kLanes), acc[r][j], Vec::set1(-kInfinity));
    }
    if (exceeds<kR>(row, acc)) raise<kR>(row, acc, weights, filled);
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r) {
      F sum = Vec::load(sums_ + (row + r) * kLanes);
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; j += 2)
        sum = Op::store_left(weights + r * kSpan * kBlock + filled + j * kLanes,
                             Vec::template exp2<Op::kExp2Degree>(acc[r][j]),
                             Vec::template exp2<Op::kExp2Degree>(acc[r][j + 1]), sum);
      Vec::store(sums_ + (row + r) * kLanes, sum);
    }
  }

  template <int kR>
  [[gnu::always_inline]] bool exceeds(size_t row, const F (&acc)[kR][kVectors]) const {
    typename Vec::Mask above{};
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r) {
      F top = acc[r][0];
#pragma GCC unroll 8
      for (int j = 1; j < kVectors; ++j) top = Vec::max(top, acc[r][j]);
      above |= Vec::greater(top, Vec::set1(limit_[row + r]));
    }
    return Vec::any(above);
  }

  // Rare: through memory, so that the usual path keeps its registers.
  template <int kR>
  [[gnu::always_inline]] void raise(size_t row, F (&acc)[kR][kVectors], Left* weights,
                                    size_t filled) {
    alignas(64) float scores[kR * kColumns];
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r)
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) Vec::store(scores + r * kColumns + j * kLanes, acc[r][j]);
    for (int r = 0; r < kR; ++r)
      raise_row(row + r, scores + r * kColumns, weights + r * kSpan * kBlock, filled);
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r)
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) acc[r][j] = Vec::load(scores + r * kColumns + j * kLanes);
  }

  // Brings a row's exponent up to its new maximum: the scores at hand, the output, the sum and the
  // `filled` weights that wait for their values.
  [[gnu::noinline]] void raise_row(size_t row, float* scores, Left* weights, size_t filled) {
    F top = Vec::load(scores);
    for (size_t i = kLanes; i < kColumns; i += kLanes) top = Vec::max(top, Vec::load(scores + i));
    const float high = Vec::reduce_max(top);
    if (!(high > limit_[row])) return;
    const float rise = __builtin_ceilf(high);
    const F factor = Vec::set1(limit_[row] == -kInfinity ? 0 : __builtin_exp2f(-rise));
    item_.exponent[row] += rise;
    limit_[row] = kSlack;
    for (size_t i = 0; i < kColumns; i += kLanes)
      Vec::store(scores + i, Vec::sub(Vec::load(scores + i), Vec::set1(rise)));
    float* out = item_.out + row * dim_;
    for (size_t i = 0; i < dim_; i += kLanes)
      Vec::store(out + i, Vec::mul(Vec::load(out + i), factor));
    float* sum = sums_ + row * kLanes;
    Vec::store(sum, Vec::mul(Vec::load(sum), factor));
    for (size_t i = 0; i < filled; i += 2 * kLanes) {
      F a;
      F b;
      Op::load_left(weights + i, a, b);
      Op::store_left(weights + i, Vec::mul(a, factor), Vec::mul(b, factor), Vec::zero());
    }
  }

  // out += weights x values, in column strips of nearly equal width.
  template <int kR>
  [[gnu::always_inline]] void add_values(size_t row, const Left* weights,
                                         const Right* const* values, size_t live) {
    size_t vectors = dim_ / kLanes;
    size_t column = 0;
    for (size_t strips = (vectors + kVectors - 1) / kVectors; strips > 0; --strips) {
      const size_t take = (vectors + strips - 1) / strips;
      if constexpr (kVectors == 4) {
        if (take == 4) add_strip<kR, 4>(row, column, weights, values, live);
        if (take == 3) add_strip<kR, 3>(row, column, weights, values, live);
      }
      if (take == 2) add_strip<kR, 2>(row, column, weights, values, live);
      if (take == 1) add_strip<kR, 1>(row, column, weights, values, live);
      vectors -= take;
      column += take * kLanes;
    }
  }

  template <int kR, int kV>
  [[gnu::always_inline]] void add_strip(size_t row, size_t column, const Left* weights,
                                        const Right* const* values, size_t live) {
    float* out = item_.out + row * dim_ + column;
    F acc[kR][kV];
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r)
#pragma GCC unroll 8
      for (int j = 0; j < kV; ++j) acc[r][j] = Vec::load(out + r * dim_ + j * kLanes);
    for (size_t b = 0; b < live; ++b)
      tile_product<Vec, Op>(weights + b * kBlock, kSpan * kBlock, values[b] + column * Op::kPack,
                            dim_, kBlock / Op::kPack, acc);
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r)
#pragma GCC unroll 8
      for (int j = 0; j < kV; ++j) Vec::store(out + r * dim_ + j * kLanes, acc[r][j]);
  }

  const AttendItem& item_;
  const size_t dim_;
  const size_t rows_;
  Left* const left_;              // [padded rows, head_dim]
  float* const sums_;             // [padded rows][kLanes]
  float* const limit_;            // [padded rows]: scores above it raise the exponent
  uint32_t* const query_of_row_;  // [padded rows]: whose mask row
};

}  // namespace fathom
