// The loop behind key_scores() and block_masses(), written once over the SIMD vocabulary and
// compiled per instruction set.
//
// Key blocks stream by; six rows at a time are scored against each, in registers, by the products
// of the attention loop (attend_scores.h). A mass is the sum of a block's 2^(score - exponent), the
// row's exponent kept lazily as attend_impl.h does it: it is raised, and the masses before follow,
// only when a score exceeds it by more than kSlack.
//
// Included by one file per instruction set, and nowhere else: all here is in the anonymous
// namespace.
#pragma once

#include "fathom/kernels/attend_decode.h"
#include "fathom/kernels/attend_scan.h"
#include "fathom/kernels/attend_scores.h"
#include "fathom/kernels/key_scores_kernel.h"

namespace fathom {
namespace {

template <class Vec, class Op, class Scores = FloatScores<Vec, Op>>
class KeyScoresLoop {
  using F = typename Vec::F;
  using Decoder = PanelDecoder<Vec, Op>;

  static constexpr size_t kLanes = Vec::kLanes;
  static constexpr int kVectors = Vec::kTileVectors;
  static constexpr size_t kColumns = kVectors * kLanes;
  static constexpr float kSlack = 8;
  static constexpr float kMasked = -1e30f;  // a score of weight 0, whatever the exponent
  static_assert(kBlock % kColumns == 0 && kLanes <= 16);

 public:
  explicit KeyScoresLoop(const KeyScoresItem& item)
      : item_(item),
        queries_(item.rows, item.head_dim, item.scratch),
        sums_(item.scratch + attend_query_floats(item.rows, item.head_dim)),
        panel_(reinterpret_cast<typename Op::Right*>(sums_ + item.rows * 16)),
        exponent_(sums_ + item.rows * 16 + (item.coded != nullptr ? kBlock * item.head_dim : 0)),
        limit_(exponent_ + item.rows) {}

  void run() {
    for (size_t r = 0; r < item_.rows; ++r)
      queries_.fill(r, item_.queries + r * item_.query_stride, item_.scale);
    if (item_.visible == nullptr) {
      for_blocks([this]<int kR>(size_t row, size_t block) {
        this->template store_scores<kR>(row, block);
      });
    } else {
      start_masses();
      for_blocks(
          [this]<int kR>(size_t row, size_t block) { this->template add_mass<kR>(row, block); });
      normalise();
    }
  }

 private:
  // Calls body.operator()<kR>(row, block) for each tile of rows and each block.
  template <class Body>
  [[gnu::always_inline]] void for_blocks(const Body& body) {
    const KeyRun all{.first = 0, .count = static_cast<uint32_t>(item_.blocks)};
    AttendItem scan;
    scan.key_blocks = item_.key_blocks;
    scan.runs = &all;
    scan.run_count = 1;
    scan.block_end = item_.blocks;
    BlockCursor means(scan);
    for (size_t block = 0; block < item_.blocks; ++block) {
      if (block % kBlock == 0) queries_.take_means(means);
      fetch(block + 1);
      keys_ = keys_of(block);
      for_row_tiles(item_.rows,
                    [&]<int kR>(size_t row) { body.template operator()<kR>(row, block); });
    }
  }

  // A block's keys as a product reads them: as they lie, or decoded.
  const std::byte* keys_of(size_t block) const {
    const std::byte* const keys = item_.key_blocks[block];
    if (!coded(block)) return keys;
    Decoder(item_.head_dim).keys(item_.key_type, keys, panel_);
    return reinterpret_cast<const std::byte*>(panel_);
  }
  bool coded(size_t block) const {
    return Scores::kCodes && item_.coded != nullptr && item_.coded[block] != 0 &&
           item_.key_type != Decoder::kPlain;
  }

  // Brings a block into L2 while the one before it is multiplied. Of one tile of rows the hardware
  // keeps ahead by itself.
  void fetch(size_t block) {
    ahead_.clear();
    if (block == item_.blocks || item_.rows < 12) return;
    const size_t dim = item_.head_dim;
    ahead_.add(item_.key_blocks[block],
               coded(block) ? coded_bytes(item_.key_type, dim, dim) : Scores::block_bytes(dim));
    ahead_.spread(item_.rows / 6 * Scores::side_steps(item_.head_dim));
  }

  template <int kR>
  [[gnu::always_inline]] void score(size_t row, size_t block, size_t column,
                                    F (&acc)[kR][kVectors]) {
    queries_.template scores<kR>(row, keys_, block % kBlock, column, acc, ahead_);
  }

  template <int kR>
  void store_scores(size_t row, size_t block) {
    for (size_t column = 0; column < kBlock; column += kColumns) {
      F acc[kR][kVectors];
      score<kR>(row, block, column, acc);
#pragma GCC unroll 8
      for (int r = 0; r < kR; ++r)
#pragma GCC unroll 8
        for (int j = 0; j < kVectors; ++j)
          Vec::store(
              item_.out + (row + r) * item_.out_stride + block * kBlock + column + j * kLanes,
              acc[r][j]);
    }
  }

  void start_masses() {
    for (size_t r = 0; r < item_.rows; ++r) {
      Vec::store(sums_ + r * kLanes, Vec::zero());
      exponent_[r] = 0;
      limit_[r] = kMasked;  // the first score seen sets the exponent
      for (size_t b = 0; b < item_.blocks; ++b) item_.out[r * item_.out_stride + b] = 0;
    }
  }

  template <int kR>
  void add_mass(size_t row, size_t block) {
    uint64_t bits[kR];  // bit k: row + r sees the block's k-th key
    uint64_t any = 0;
    uint64_t all = ~uint64_t{0};
    for (int r = 0; r < kR; ++r) {
      bits[r] = visible_bits(item_.visible[row + r], block);
      any |= bits[r];
      all &= bits[r];
    }
    if (any == 0) return;
    F mass[kR];
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r) mass[r] = Vec::zero();
    for (size_t column = 0; column < kBlock; column += kColumns) {
      F acc[kR][kVectors];
      score<kR>(row, block, column, acc);
      if (all != ~uint64_t{0}) hide<kR>(bits, column, acc);
      if (exceeds<kR>(row, acc)) raise<kR>(row, block, acc, mass);
      add_powers<kR>(row, acc, mass);
    }
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r) {
      float* const sum = sums_ + (row + r) * kLanes;
      Vec::store(sum, Vec::add(Vec::load(sum), mass[r]));
      item_.out[(row + r) * item_.out_stride + block] = Vec::reduce_add(mass[r]);
    }
  }

  static uint64_t visible_bits(size_t visible, size_t block) {
    const size_t first = block * kBlock;
    if (visible >= first + kBlock) return ~uint64_t{0};
    return visible <= first ? 0 : (uint64_t{1} << (visible - first)) - 1;
  }

  template <int kR>
  [[gnu::always_inline]] static void hide(const uint64_t (&bits)[kR], size_t column,
                                          F (&acc)[kR][kVectors]) {
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r)
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j)
        acc[r][j] = Vec::select(bits[r] >> (column + j * kLanes), acc[r][j], Vec::set1(kMasked));
  }

  [[gnu::always_inline]] static F largest(const F (&scores)[kVectors]) {
    F top = scores[0];
#pragma GCC unroll 8
    for (int j = 1; j < kVectors; ++j) top = Vec::max(top, scores[j]);
    return top;
  }

  template <int kR>
  [[gnu::always_inline]] bool exceeds(size_t row, const F (&acc)[kR][kVectors]) const {
    typename Vec::Mask above{};
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r) above |= Vec::greater(largest(acc[r]), Vec::set1(limit_[row + r]));
    return Vec::any(above);
  }

  // Rare. Brings exponents up to the largest score; what was summed by the old ones follows.
  template <int kR>
  [[gnu::always_inline]] void raise(size_t row, size_t block, const F (&acc)[kR][kVectors],
                                    F (&mass)[kR]) {
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r) {
      const float high = Vec::reduce_max(largest(acc[r]));
      mass[r] = Vec::mul(mass[r], Vec::set1(raise_row(row + r, block, high)));
    }
  }

  [[gnu::noinline]] float raise_row(size_t row, size_t block, float high) {
    if (!(high > limit_[row])) return 1;
    const float exponent = __builtin_ceilf(high);
    const bool first = limit_[row] == kMasked;
    const float factor = first ? 0 : __builtin_exp2f(exponent_[row] - exponent);
    exponent_[row] = exponent;
    limit_[row] = exponent + kSlack;
    float* const out = item_.out + row * item_.out_stride;
    for (size_t b = 0; b < block; ++b) out[b] *= factor;
    float* const sum = sums_ + row * kLanes;
    Vec::store(sum, Vec::mul(Vec::load(sum), Vec::set1(factor)));
    return factor;
  }

  template <int kR>
  [[gnu::always_inline]] void add_powers(size_t row, const F (&acc)[kR][kVectors], F (&mass)[kR]) {
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r) {
      const F exponent = Vec::set1(exponent_[row + r]);
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j)
        mass[r] =
            Vec::add(mass[r], Vec::template exp2<Op::kExp2Degree>(Vec::sub(acc[r][j], exponent)));
    }
  }

  void normalise() {
    for (size_t r = 0; r < item_.rows; ++r) {
      const float sum = Vec::reduce_add(Vec::load(sums_ + r * kLanes));
      const float inverse = sum == 0 ? 0 : 1 / sum;
      float* const out = item_.out + r * item_.out_stride;
      for (size_t b = 0; b < item_.blocks; ++b) out[b] *= inverse;
    }
  }

  const KeyScoresItem& item_;
  Scores queries_;
  float* const sums_;                // [rows][kLanes]
  typename Op::Right* const panel_;  // of a block's decoded keys
  const std::byte* keys_ = nullptr;  // of the block whose turn it is
  float* const exponent_;            // [rows]
  float* const limit_;               // [rows]: scores above it raise the exponent
  Ahead<1> ahead_;
};

}  // namespace
}  // namespace fathom
