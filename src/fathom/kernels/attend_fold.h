// Products of a few rows by coded blocks (coded_block.h), whose codes are never scaled: the scales
// are folded into the other operand.
//
// With x[d] = low[d] + step[d] * code[d], and what multiplies it in the operand rounded after the
// step is in it, a score is
//
//   sum_d q[d] x[d] = sum_d round(q[d] step[d]) (128 + code[d])
//                     + sum_d q[d] middle[d] - (128 + kMiddle) sum_d round(q[d] step[d])
//
// where middle = low + kMiddle * step is about what the channel's elements are the mean of, so that
// rounding moves a score as little as it would if channels were centred. The first sum reads codes
// as they lie, decoded in registers by one shift and one mask; the other two are one number a row
// and block. Values likewise: there weights take the place of queries, and tokens of channels; the
// number is added to every column of a strip.
//
// Included by attend_impl.h alone.
#pragma once

#include "fathom/kernels/attend_kernel.h"
#include "fathom/kernels/attend_scan.h"
#include "fathom/kernels/coded_layout.h"

namespace fathom {
namespace {

// The hardware reads plain blocks ahead, but codes come in shorter pieces, keys and values in turn.
// So what lies a block of 8 bits, or two of 4, behind what is read is fetched with it: where a
// cache's blocks lie in a row, the next.
[[gnu::always_inline]] inline void fetch(const uint32_t* codes, size_t bytes, size_t head_dim) {
  const size_t ahead = kBlock * head_dim * 17 / 16;
  for (size_t line = 0; line < bytes; line += 64)
    __builtin_prefetch(reinterpret_cast<const char*>(codes) + ahead + line);
}

template <class Vec, class Op>
struct Fold {
  using F = typename Vec::F;
  using I = typename Vec::I;
  using Left = typename Op::Left;
  static constexpr size_t kLanes = Vec::kLanes;

  // Folds the scales of some depths into kR rows, [count], whose elements are in f32; row r is at
  // rows + r * stride and goes to `to` + r * to_stride, which has room for a multiple of 2 *
  // kLanes.
  template <int kBits, int kR>
  [[gnu::always_inline]] static void fold_rows(const float* rows, size_t stride, size_t count,
                                               const CodedPanel& panel, Left* to, size_t to_stride,
                                               float* numbers) {
    const uint32_t* const scales = panel.scales;
    constexpr float kMiddle = kBits == 4 ? 7.5F : 63.5F;
    F rounded[kR];
    F rest[kR];
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r) rounded[r] = rest[r] = Vec::zero();
    fetch(scales, count * sizeof *scales, panel.head_dim);
#pragma GCC unroll 1
    for (size_t i = 0; i < count; i += 2 * kLanes) {
      const bool both = i + kLanes < count;
      const Scales a(scales + i, kMiddle);
      const Scales b = both ? Scales(scales + i + kLanes, kMiddle) : Scales();
#pragma GCC unroll 8
      for (int r = 0; r < kR; ++r) {
        const float* const row = rows + r * stride + i;
        const F x = Vec::load(row);
        const F y = both ? Vec::load(row + kLanes) : Vec::zero();
        rest[r] = Vec::fma(x, a.middle, Vec::fma(y, b.middle, rest[r]));
        rounded[r] = Op::store_left(to + r * to_stride + i, Vec::mul(x, a.step),
                                    Vec::mul(y, b.step), rounded[r]);
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r)
      numbers[r] = Vec::reduce_add(Vec::fma(Vec::set1(-128 - kMiddle), rounded[r], rest[r]));
  }

  // out[r] += numbers[r] + rows[r] . (128 + the codes of `take` vectors of columns, at most kV).
  template <int kBits, int kR, int kV>
  [[gnu::always_inline]] static void add(size_t take, const Left* rows, const float* numbers,
                                         const CodedPanel& panel, size_t column, float* out,
                                         size_t out_stride) {
    if (take < kV) {
      if constexpr (kV > 1)
        add<kBits, kR, kV - 1>(take, rows, numbers, panel, column, out, out_stride);
      return;
    }
    F acc[kR][kV];
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r)
#pragma GCC unroll 8
      for (int j = 0; j < kV; ++j) acc[r][j] = Vec::load(out + r * out_stride + j * kLanes);
    multiply<kBits>(rows, kBlock, panel, column, acc);
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r)
#pragma GCC unroll 8
      for (int j = 0; j < kV; ++j)
        Vec::store(out + r * out_stride + j * kLanes, Vec::add(acc[r][j], Vec::set1(numbers[r])));
  }

  // acc[r][j] += rows[r] . (128 + the codes of a panel's columns from `column` on). Row r begins at
  // rows + r * stride.
  template <int kBits, int kR, int kV>
  [[gnu::always_inline]] static void multiply(const Left* rows, size_t stride,
                                              const CodedPanel& panel, size_t column,
                                              F (&acc)[kR][kV]) {
    const uint32_t* words = panel.words + column;
#pragma GCC unroll 1
    for (size_t row = 0; row < panel.rows; row += 16 / kBits) {
      step<kBits, 0>(rows, stride, words, acc);
      step<kBits, 1>(rows, stride, words, acc);
      if constexpr (kBits == 4) {
        step<kBits, 2>(rows, stride, words, acc);
        step<kBits, 3>(rows, stride, words, acc);
      }
      fetch(words, panel.width * sizeof *words, panel.head_dim);
      rows += 16 / kBits * Op::kPack;
      words += panel.width;
    }
  }

 private:
  // Of kLanes depths.
  struct Scales {
    F step = Vec::zero();
    F middle = Vec::zero();
    Scales() = default;
    [[gnu::always_inline]] Scales(const uint32_t* scales, float at) {
      const I words = Vec::load_int(scales);
      step = Vec::template widen_bf16<0>(words);
      middle = Vec::fma(Vec::set1(at), step, Vec::template widen_bf16<1>(words));
    }
  };

  template <int kBits, int kRow, int kR, int kV>
  [[gnu::always_inline]] static void step(const Left* rows, size_t stride, const uint32_t* words,
                                          F (&acc)[kR][kV]) {
    I pairs[kV];
#pragma GCC unroll 8
    for (int j = 0; j < kV; ++j)
      pairs[j] = Vec::template code_pairs<kBits, kRow>(words + j * kLanes);
    part<kRow, 0>(rows, stride, pairs, acc);
    if constexpr (Op::kParts == 2) part<kRow, 1>(rows, stride, pairs, acc);
  }

  template <int kRow, int kPart, int kR, int kV>
  [[gnu::always_inline]] static void part(const Left* rows, size_t stride, const I (&pairs)[kV],
                                          F (&acc)[kR][kV]) {
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r) {
      const auto a = Op::template left<kPart>(rows + r * stride + kRow * Op::kPack);
#pragma GCC unroll 8
      for (int j = 0; j < kV; ++j)
        acc[r][j] = Op::dot(acc[r][j], a, Op::template right_of<kPart>(pairs[j]));
    }
  }
};

// The few queries of an item, folded anew with the scales of each block of keys.
template <class Vec, class Op>
class FoldedRows {
  using Left = typename Op::Left;

 public:
  // `memory`: attend_fold_floats(dim) floats.
  FoldedRows(size_t rows, size_t dim, float* memory)
      : rows_(rows),
        dim_(dim),
        stride_((dim + 31) / 32 * 32),
        queries_(memory),
        folded_(reinterpret_cast<Left*>(memory + kFoldedRows * dim)),
        numbers_(memory + kFoldedRows * (dim + stride_)) {}

  void fill(size_t r, const float* query, float scale) {
    for (size_t i = 0; i < dim_; i += Vec::kLanes)
      Vec::store(queries_ + r * dim_ + i, Vec::mul(Vec::load(query + i), Vec::set1(scale)));
  }

  template <int kBits>
  void fold(const CodedPanel& panel) {
    for_row_tiles(rows_, [&]<int kR>(size_t r) {
      Fold<Vec, Op>::template fold_rows<kBits, kR>(queries_ + r * dim_, dim_, dim_, panel,
                                                   folded_ + r * stride_, stride_, numbers_ + r);
    });
  }

  const Left* row(size_t r) const { return folded_ + r * stride_; }
  size_t stride() const { return stride_; }
  float number(size_t r) const { return numbers_[r]; }

 private:
  const size_t rows_;
  const size_t dim_;
  const size_t stride_;
  float* const queries_;  // [rows][dim]
  Left* const folded_;    // [rows][stride]
  float* const numbers_;  // [rows]
};

}  // namespace
}  // namespace fathom
