// Coded blocks (coded_block.h) as the panels that a product of many rows reads (panel.h): decoded
// once, and rounded to the operand.
//
// Included by attend_impl.h and key_scores_impl.h alone.
#pragma once

#include "fathom/kernels/coded_layout.h"

namespace fathom {
namespace {

template <class Vec, class Op>
class PanelDecoder {
  using F = typename Vec::F;
  using I = typename Vec::I;
  using Right = typename Op::Right;

 public:
  static constexpr KvType kPlain = sizeof(Right) == 2 ? KvType::bf16 : KvType::f32;

  // Elements of a block's panel, and of each strip of one before it.
  explicit PanelDecoder(size_t head_dim) : dim_(head_dim) {}

  void keys(KvType type, const std::byte* block, Right* to) const {
    decode(type, coded_keys(type, dim_, block), to);
  }
  void values(KvType type, const std::byte* block, Right* to) const {
    for (size_t first = 0; first < dim_; first += value_strip(dim_))
      decode(type, coded_values(type, dim_, block, first), to + first * kBlock);
  }

 private:
  // x = low + step * (128 + code): what all elements of one depth share.
  struct Line {
    F step, low;
    [[gnu::always_inline]] explicit Line(const uint32_t* scale) {
      const I word = Vec::splat_int(scale);
      step = Vec::template widen_bf16<0>(word);
      low = Vec::fma(Vec::set1(-128), step, Vec::template widen_bf16<1>(word));
    }
    [[gnu::always_inline]] F at(F x) const { return Vec::fma(step, x, low); }
  };

  [[gnu::noinline]] static void decode(KvType type, const CodedPanel& panel, Right* to) {
    if (type == KvType::q4) {
      for (size_t row = 0; row < panel.rows; row += 4) {
        decode_row<4, 0>(panel, row, to);
        decode_row<4, 1>(panel, row, to);
        decode_row<4, 2>(panel, row, to);
        decode_row<4, 3>(panel, row, to);
      }
    } else if (type == KvType::q8) {
      for (size_t row = 0; row < panel.rows; row += 2) {
        decode_row<8, 0>(panel, row, to);
        decode_row<8, 1>(panel, row, to);
      }
    } else {
      for (size_t row = 0; row < panel.rows; ++row) widen_row(type == KvType::f16, panel, row, to);
    }
  }

  // The pairs of row + kRow, of which `row` begins a row of words.
  template <int kBits, int kRow>
  [[gnu::always_inline]] static void decode_row(const CodedPanel& panel, size_t row, Right* to) {
    const uint32_t* const words = panel.words + row * kBits / 16 * panel.width;
    const Line even(panel.scales + 2 * (row + kRow));
    const Line odd(panel.scales + 2 * (row + kRow) + 1);
    to += (row + kRow) * 2 * panel.width;
    for (size_t column = 0; column < panel.width; column += Vec::kLanes) {
      const I pairs = Vec::template code_pairs<kBits, kRow>(words + column);
      Op::store_pairs(to, panel.width, column, even.at(Vec::template widen_bf16<0>(pairs)),
                      odd.at(Vec::template widen_bf16<1>(pairs)));
    }
  }

  [[gnu::always_inline]] static void widen_row(bool f16, const CodedPanel& panel, size_t row,
                                               Right* to) {
    const uint32_t* const words = panel.words + row * panel.width;
    to += row * 2 * panel.width;
    for (size_t column = 0; column < panel.width; column += Vec::kLanes) {
      const I pairs = Vec::load_int(words + column);
      const F even = f16 ? Vec::template widen_f16<0>(pairs) : Vec::template widen_bf16<0>(pairs);
      const F odd = f16 ? Vec::template widen_f16<1>(pairs) : Vec::template widen_bf16<1>(pairs);
      Op::store_pairs(to, panel.width, column, even, odd);
    }
  }

  size_t dim_;
};

}  // namespace
}  // namespace fathom
