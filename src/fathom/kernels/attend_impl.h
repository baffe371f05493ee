// The attention loop, written once over the SIMD vocabulary and compiled per instruction set.
//
// The work goes by tiles: six rows (a query of one head each) against two blocks of keys, or one. A
// tile's scores are formed in registers, masked where a block carries a mask, and stored; then
// turned into weights, powers of two rounded to the operand; then out += weights x values, with the
// output in registers over both blocks.
//
// Products run on other ports than most of a power of two does. So the weights of one tile are made
// while the values of the tile before it are added, a pair of vectors after every other step
// (FlashAttention-3 overlaps softmax with products likewise, arXiv:2407.08608).
//
// The running maximum is kept lazily. A weight is 2^(score - exponent[row]), where exponent is an
// integer near the row's maximum so far. Only when a score exceeds it by more than kSlack (the sums
// stay far from overflow: 2^8 a key) is the exponent raised and the row rescaled, by an exact power
// of two. So the usual tile pays for one comparison a row: no horizontal maximum, no rescaling.
// (FlashAttention-4 skips rescaling likewise.)
//
// A row's sum adds its weights as rounded to the operand, those that multiply the values, so that
// the weights of a row add up to one exactly as they are used.
#pragma once

#include "fathom/kernels/attend_blocks.h"
#include "fathom/kernels/attend_kernel.h"
#include "fathom/kernels/attend_scan.h"
#include "fathom/kernels/attend_scores.h"
#include "fathom/kernels/attend_weights.h"
#include "fathom/kernels/tile.h"
#include "fathom/kernels/value_strip.h"

namespace fathom {

// Op: weights and values. Scores: attend_scores.h.
template <class Vec, class Op, class Scores = FloatScores<Vec, Op>>
class AttendLoop {
  using F = typename Vec::F;
  using Left = typename Op::Left;
  using Right = typename Op::Right;

  static constexpr size_t kLanes = Vec::kLanes;
  static constexpr int kVectors = Vec::kTileVectors;
  static constexpr size_t kColumns = kVectors * kLanes;
  static constexpr int kRows = Vec::kTileRows;
  static constexpr float kSlack = 8;
  static constexpr float kMasked = -1e30f;  // a score of weight 0, whatever the exponent
  static constexpr size_t kTileKeys = kSpan * kBlock;
  static_assert(kBlock % kColumns == 0 && kVectors % 2 == 0 && kRows == 6 && kLanes <= 16);

  using Block = AttendBlock;
  using Span = AttendSpan;

  // Rows [row, row + rows) against the blocks of which they see any key.
  struct Tile {
    size_t row = 0;
    int rows = 0;
    size_t live = 0;
    const Right* values[kSpan] = {};
    size_t place = 0;         // of the values that were decoded
    Left* weights = nullptr;  // [rows][kTileKeys]
    // Of one block whose values are folded: the bits of their codes, and weights in f32.
    int value_bits = 0;
    float* unfolded = nullptr;  // [rows][kBlock]
  };

  // Some columns of the values, from `first` on, within a strip.
  struct Columns {
    size_t strip = 0;  // its first column
    size_t width = 0;
    size_t first = 0;
  };

 public:
  explicit AttendLoop(const AttendItem& item)
      : item_(item),
        dim_(item.head_dim),
        rows_(item.rows),
        queries_(rows_, dim_, item.scratch),
        sums_(item.scratch + attend_query_floats(rows_, dim_)),
        blocks_(item, few_rows(), sums_ + rows_ * 16),
        limit_(item.scratch + attend_scratch_floats(rows_, dim_, item.coded != nullptr) - rows_) {}

  void run() {
    start();
    BlockCursor cursor(item_);
    BlockCursor means(item_);
    Span span = next_span(cursor);
    size_t block = 0;
    while (span.count > 0) {
      if (block == 0) queries_.take_means(means);
      const Span next = next_span(cursor);
      if (!few_rows()) fetch(next, span);
      span.index = block;
      place_ = blocks_.prepare(span, pending_.rows > 0 ? pending_.place : 1);
      all_rows(span);
      block = (block + span.count) % kBlock;
      span = next;
    }
    add_pending();
    for (size_t r = 0; r < rows_; ++r)
      item_.sum[r] = Vec::reduce_add(Vec::load(sums_ + r * kLanes));
  }

 private:
  // A tile or two of rows keep pace with the memory, and the hardware reads ahead of them: best of
  // keys and values at once, so that they take turns after every block.
  bool few_rows() const { return rows_ <= kFoldedRows; }

  Span next_span(BlockCursor& cursor) const {
    Span span;
    for (; span.count < (few_rows() ? 1 : kSpan) && !cursor.done(); cursor.next())
      span.blocks[span.count++] = blocks_.at(cursor.run(), cursor.block());
    return span;
  }

  // Brings `next` into L2 while `span` is multiplied: from memory it would come too late for the
  // first tile of rows.
  void fetch(const Span& next, const Span& span) {
    ahead_.clear();
    for (size_t b = 0; b < next.count; ++b) {
      ahead_.add(next.blocks[b].keys, blocks_.key_bytes(next.blocks[b]));
      ahead_.add(next.blocks[b].values, blocks_.value_bytes(next.blocks[b]));
    }
    ahead_.spread(rows_ / kRows * span.count * Scores::side_steps(dim_));
  }

  // Converts the queries, scaled, and empties the rows' state.
  void start() {
    for (size_t r = 0; r < rows_; ++r) {
      // Another's queries lie between; the hardware loses its way.
      if (r + kRows < rows_)
        for (size_t i = 0; i < dim_; i += 16) __builtin_prefetch(item_.queries[r + kRows] + i);
      queries_.fill(r, item_.queries[r], item_.scale);
      for (size_t i = 0; i < dim_; i += kLanes) Vec::store(item_.out + r * dim_ + i, Vec::zero());
      Vec::store(sums_ + r * kLanes, Vec::zero());
      item_.exponent[r] = 0;
      limit_[r] = kMasked;  // the first score seen sets the exponent
    }
  }

  void all_rows(const Span& span) {
    for_row_tiles(rows_, [&]<int kR>(size_t row) { row_tile<kR>(row, span); });
  }

  template <int kR>
  void row_tile(size_t row, const Span& span) {
    const Block* const blocks = span.blocks;
    Tile tile{.row = row,
              .rows = kR,
              .place = place_,
              .weights = weights_[next_weights_],
              .unfolded = unfolded_[next_weights_]};
    for (size_t b = 0; b < span.count; ++b) {
      uint64_t bits[kR] = {};
      if (blocks[b].mask != nullptr) {
        uint64_t any = 0;
        for (int r = 0; r < kR; ++r) any |= bits[r] = blocks[b].mask[item_.mask_rows[row + r]];
        if (any == 0) continue;
      }
      if (blocks[b].key_bits != 0) {
        score_folded<kR>(row, blocks[b], bits);
      } else {
        for (size_t column = 0; column < kBlock; column += kColumns)
          score<kR>(row, blocks[b], span.index + b, bits, column, tile.live * kBlock + column);
      }
      tile.values[tile.live++] = reinterpret_cast<const Right*>(blocks[b].values);
    }
    if (tile.live == 0) return;
    tile.value_bits = blocks[0].value_bits;
    if (tile.value_bits != 0) {
      weigh_rows<Vec, Op, kR>(scores_, kTileKeys, item_.exponent + tile.row, tile.unfolded,
                              sums_ + tile.row * kLanes);
      add_pending();
      return wait(tile);
    }
    Softmax<Vec, Op, kR, kTileKeys> softmax(scores_, item_.exponent + row, tile.weights,
                                            sums_ + row * kLanes, tile.live * kBlock);
    if constexpr (!Vec::kOverlap) softmax.finish();
    if (pending_.rows == kR && pending_.value_bits == 0) {
      add_values<kR>(pending_, softmax);
    } else {
      add_pending();
    }
    softmax.finish();
    wait(tile);
  }

  void wait(const Tile& tile) {
    pending_ = tile;
    next_weights_ = 1 - next_weights_;
  }

  // The scores of kR rows and kColumns keys, stored at scores_[r][filled].
  template <int kR>
  [[gnu::always_inline]] void score(size_t row, const Block& block, size_t index,
                                    const uint64_t* bits, size_t column, size_t filled) {
    F acc[kR][kVectors];
    queries_.template scores<kR>(row, block.keys, index, column, acc, ahead_);
    take_scores<kR>(row, block, bits, column, filled, acc);
  }

  // Biases, masks and stores scores, and sees to the exponents.
  template <int kR>
  [[gnu::always_inline]] void take_scores(size_t row, const Block& block, const uint64_t* bits,
                                          size_t column, size_t filled, F (&acc)[kR][kVectors]) {
    if (block.biases != nullptr) {
#pragma GCC unroll 8
      for (int r = 0; r < kR; ++r)
#pragma GCC unroll 8
        for (int j = 0; j < kVectors; ++j)
          acc[r][j] = Vec::add(acc[r][j], Vec::load(block.biases + column + j * kLanes));
    }
    if (block.mask != nullptr) {
#pragma GCC unroll 8
      for (int r = 0; r < kR; ++r)
#pragma GCC unroll 8
        for (int j = 0; j < kVectors; ++j)
          acc[r][j] = Vec::select(bits[r] >> (column + j * kLanes), acc[r][j], Vec::set1(kMasked));
    }
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r)
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j)
        Vec::store(scores_ + r * kTileKeys + filled + j * kLanes, acc[r][j]);
    if (exceeds<kR>(row, acc)) raise(row, kR, filled);
  }

  // The same of a block whose keys are folded, the only one of its span.
  template <int kR>
  void score_folded(size_t row, const Block& block, const uint64_t* bits) {
    if (block.key_bits == 4) {
      score_folded_codes<kR, 4>(row, block, bits);
    } else {
      score_folded_codes<kR, 8>(row, block, bits);
    }
  }

  template <int kR, int kBits>
  [[gnu::noinline]] void score_folded_codes(size_t row, const Block& block, const uint64_t* bits) {
    if constexpr (Op::kPack == 2) {
      const FoldedRows<Vec, Op>& folded = blocks_.folded();
      const CodedPanel panel = coded_keys(kBits == 4 ? KvType::q4 : KvType::q8, dim_, block.keys);
      for (size_t column = 0; column < kBlock; column += kColumns) {
        F acc[kR][kVectors];
#pragma GCC unroll 8
        for (int r = 0; r < kR; ++r)
#pragma GCC unroll 8
          for (int j = 0; j < kVectors; ++j) acc[r][j] = Vec::zero();
        Fold<Vec, Op>::template multiply<kBits>(folded.row(row), folded.stride(), panel, column,
                                                acc);
#pragma GCC unroll 8
        for (int r = 0; r < kR; ++r)
#pragma GCC unroll 8
          for (int j = 0; j < kVectors; ++j)
            acc[r][j] = Vec::add(acc[r][j], Vec::set1(folded.number(row + r)));
        take_scores<kR>(row, block, bits, column, column, acc);
      }
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

  // Rare. Brings exponents up to the maximum of the kColumns scores stored last.
  [[gnu::noinline]] void raise(size_t row, size_t rows, size_t filled) {
    if (pending_.rows > 0 && pending_.row == row) add_pending();
    for (size_t r = 0; r < rows; ++r) raise_row(row + r, scores_ + r * kTileKeys + filled);
  }

  // A row's exponent is raised: the output and the sum follow.
  void raise_row(size_t row, const float* scores) {
    F top = Vec::load(scores);
    for (size_t i = kLanes; i < kColumns; i += kLanes) top = Vec::max(top, Vec::load(scores + i));
    const float high = Vec::reduce_max(top);
    if (!(high > limit_[row])) return;
    const float exponent = __builtin_ceilf(high);
    const bool first = limit_[row] == kMasked;
    const F factor = Vec::set1(first ? 0 : __builtin_exp2f(item_.exponent[row] - exponent));
    item_.exponent[row] = exponent;
    limit_[row] = exponent + kSlack;
    float* out = item_.out + row * dim_;
    for (size_t i = 0; i < dim_; i += kLanes)
      Vec::store(out + i, Vec::mul(Vec::load(out + i), factor));
    float* sum = sums_ + row * kLanes;
    Vec::store(sum, Vec::mul(Vec::load(sum), factor));
  }

  // Adds the values of the tile whose weights wait for them, if there is one.
  void add_pending() {
    if (pending_.rows == kRows) add_pending_rows<kRows>();
    if (pending_.rows == 4) add_pending_rows<4>();
    if (pending_.rows == 3) add_pending_rows<3>();
    if (pending_.rows == 2) add_pending_rows<2>();
    if (pending_.rows == 1) add_pending_rows<1>();
    pending_.rows = 0;
  }

  template <int kR>
  [[gnu::always_inline]] void add_pending_rows() {
    NoSideWork none;
    if (pending_.value_bits == 0) {
      add_values<kR>(pending_, none);
    } else {
      add_folded<kR>(pending_);
    }
  }

  // out += weights x values, along the strips in which the values lie (panel.h).
  template <int kR, class Side>
  [[gnu::always_inline]] void add_values(const Tile& tile, Side& side) {
    const size_t width = value_strip(dim_);
    for (size_t strip = 0; strip < dim_; strip += width) {
      const size_t end = strip + width < dim_ ? strip + width : dim_;
      for (size_t column = strip; column < end; column += kColumns) {
        const size_t vectors = (end - column) / kLanes;
        add_strip_of<kR, kVectors>(vectors < kVectors ? vectors : kVectors, tile,
                                   {strip, end - strip, column}, side);
      }
    }
  }

  // add_strip() of `take` vectors, at most kV.
  template <int kR, int kV, class Side>
  [[gnu::always_inline]] void add_strip_of(size_t take, const Tile& tile, const Columns& columns,
                                           Side& side) {
    if (take == kV) return add_strip<kR, kV>(tile, columns, side);
    if constexpr (kV > 1) add_strip_of<kR, kV - 1>(take, tile, columns, side);
  }

  template <int kR, int kV, class Side>
  [[gnu::always_inline]] void add_strip(const Tile& tile, const Columns& columns, Side& side) {
    float* out = item_.out + tile.row * dim_ + columns.first;
    const size_t at = columns.strip * kBlock + (columns.first - columns.strip) * Op::kPack;
    F acc[kR][kV];
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r)
#pragma GCC unroll 8
      for (int j = 0; j < kV; ++j) acc[r][j] = Vec::load(out + r * dim_ + j * kLanes);
    for (size_t b = 0; b < tile.live; ++b)
      tile_product<Vec, Op>(tile.weights + b * kBlock, kTileKeys, tile.values[b] + at,
                            columns.width, kBlock / Op::kPack, acc, side);
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r)
#pragma GCC unroll 8
      for (int j = 0; j < kV; ++j) Vec::store(out + r * dim_ + j * kLanes, acc[r][j]);
  }

  template <int kR>
  void add_folded(const Tile& tile) {
    if (tile.value_bits == 4) return add_folded_codes<kR, 4>(tile);
    add_folded_codes<kR, 8>(tile);
  }

  template <int kR, int kBits>
  [[gnu::noinline]] void add_folded_codes(const Tile& tile) {
    if constexpr (Op::kPack == 2) {
      const auto* const block = reinterpret_cast<const std::byte*>(tile.values[0]);
      const size_t strip = value_strip(dim_);
      for (size_t first = 0; first < dim_; first += strip) {
        const CodedPanel panel =
            coded_values(kBits == 4 ? KvType::q4 : KvType::q8, dim_, block, first);
        alignas(64) Left weights[kR * kBlock];
        float numbers[kR];
        Fold<Vec, Op>::template fold_rows<kBits, kR>(tile.unfolded, kBlock, kBlock, panel, weights,
                                                     kBlock, numbers);
        for (size_t column = 0; column < panel.width; column += kColumns) {
          const size_t vectors = (panel.width - column) / kLanes;
          float* const out = item_.out + tile.row * dim_ + first + column;
          Fold<Vec, Op>::template add<kBits, kR, kVectors>(
              vectors < kVectors ? vectors : kVectors, weights, numbers, panel, column, out, dim_);
        }
      }
    }
  }

  const AttendItem& item_;
  const size_t dim_;
  const size_t rows_;
  Scores queries_;
  float* const sums_;  // [rows][kLanes]
  BlockReader<Vec, Op, Scores> blocks_;
  float* const limit_;  // [rows]: scores above it raise the exponent
  Ahead<2 * kSpan> ahead_;
  Tile pending_;      // rows == 0: there is none
  size_t place_ = 0;  // of the span's values that were decoded
  size_t next_weights_ = 0;
  alignas(64) float scores_[kRows * kTileKeys];
  alignas(64) Left weights_[2][kRows * kTileKeys];
  alignas(64) float unfolded_[2][kRows * kBlock];
};

}  // namespace fathom
