// How the attention loop turns scores into weights: 2^(score - exponent[row]), rounded to the
// operand, whose sums are kept as rounded; or in f32, for values that are folded (attend_fold.h).
//
// Included by attend_impl.h alone.
#pragma once

#include <cstddef>

#include "fathom/kernels/block_plan.h"

namespace fathom {

// Of kR rows, kStride scores or weights apart: two vectors a step, the rows in turn, so that steps
// can stand between those of a product.
template <class Vec, class Op, int kR, size_t kStride>
class Softmax {
  using F = typename Vec::F;
  static constexpr size_t kLanes = Vec::kLanes;

 public:
  // `exponents`: [kR]. `sums`: [kR][kLanes], added to. `keys`: of each row.
  [[gnu::always_inline]] Softmax(const float* scores, const float* exponents,
                                 typename Op::Left* weights, float* sums, size_t keys)
      : scores_(scores),
        exponents_(exponents),
        weights_(weights),
        sums_(sums),
        steps_(kR * keys / (2 * kLanes)) {}

  [[gnu::always_inline]] void step() {
    if (steps_ == 0) return;
    --steps_;
    const float* scores = scores_ + row_ * kStride + column_;
    float* sum = sums_ + row_ * kLanes;
    Vec::store(sum, Op::store_left(weights_ + row_ * kStride + column_, weight(scores),
                                   weight(scores + kLanes), Vec::load(sum)));
    if (++row_ == kR) {
      row_ = 0;
      column_ += 2 * kLanes;
    }
  }
  [[gnu::always_inline]] void finish() {
    while (steps_ > 0) step();
  }

 private:
  [[gnu::always_inline]] F weight(const float* scores) const {
    return Vec::template exp2<Op::kExp2Degree>(
        Vec::sub(Vec::load(scores), Vec::set1(exponents_[row_])));
  }

  const float* scores_;
  const float* exponents_;
  typename Op::Left* weights_;
  float* sums_;
  size_t steps_;
  size_t row_ = 0;
  size_t column_ = 0;
};

// Of kR rows of one block: weights [kR][kBlock] in f32; sums as above.
template <class Vec, class Op, int kR>
[[gnu::always_inline]] inline void weigh_rows(const float* scores, size_t stride,
                                              const float* exponents, float* weights, float* sums) {
#pragma GCC unroll 8
  for (int r = 0; r < kR; ++r) {
    const auto exponent = Vec::set1(exponents[r]);
    float* const sum = sums + r * Vec::kLanes;
    auto total = Vec::load(sum);
#pragma GCC unroll 4
    for (size_t i = 0; i < kBlock; i += Vec::kLanes) {
      const auto score = Vec::load(scores + r * stride + i);
      const auto weight = Vec::template exp2<Op::kExp2Degree>(Vec::sub(score, exponent));
      Vec::store(weights + r * kBlock + i, weight);
      total = Vec::add(total, weight);
    }
    Vec::store(sum, total);
  }
}

}  // namespace fathom
