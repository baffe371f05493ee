// Partial attention: softmax over some of the keys, before it is normalised, and how two merge.
//
// For each row (one query of one head), with scores in base 2 (scale * log2(e) * q . k):
//
//   out = sum_k 2^(score_k - exponent) * value_k      sum = sum_k 2^(score_k - exponent)
//
// `exponent` keeps the powers in range; any value serves, and the kernels choose integers, so that
// bringing two rows to a common exponent is exact. Merging is associative and commutative up to the
// rounding of the two additions, and a row that has seen no key (sum 0) is its neutral element.
// FlashAttention-2, arXiv:2307.08691, section 3.1; Flash-Decoding (Dao et al. 2023).
#pragma once

#include "fathom/base/matrix.h"

namespace fathom {

struct PartialRows {
  Matrix<float> out;          // [rows, head_dim]
  float* exponent = nullptr;  // [rows]
  float* sum = nullptr;       // [rows]
};

// into = into and from, over disjoint sets of keys.
void merge(const PartialRows& from, const PartialRows& into);

// result = out[row] / sum[row]; zeros where no key was seen.
void normalise(const PartialRows& partial, size_t row, float* result);

}  // namespace fathom
