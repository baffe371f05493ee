#include "fathom/kernels/partial.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace fathom {

void merge(const PartialRows& from, const PartialRows& into) {
  assert(from.out.rows == into.out.rows && from.out.cols == into.out.cols);
  for (size_t r = 0; r < into.out.rows; ++r) {
    if (from.sum[r] == 0) continue;
    float common = from.exponent[r];
    float weight_into = 0;
    if (into.sum[r] != 0) {
      common = std::max(common, into.exponent[r]);
      weight_into = std::exp2(into.exponent[r] - common);
    }
    const float weight_from = std::exp2(from.exponent[r] - common);
    float* out = into.out.row(r);
    const float* other = from.out.row(r);
    for (size_t i = 0; i < into.out.cols; ++i)
      out[i] = out[i] * weight_into + other[i] * weight_from;
    into.sum[r] = into.sum[r] * weight_into + from.sum[r] * weight_from;
    into.exponent[r] = common;
  }
}

void normalise(const PartialRows& partial, size_t row, float* result) {
  const float sum = partial.sum[row];
  const float weight = sum == 0 ? 0 : 1 / sum;
  const float* out = partial.out.row(row);
  for (size_t i = 0; i < partial.out.cols; ++i) result[i] = out[i] * weight;
}

}  // namespace fathom
