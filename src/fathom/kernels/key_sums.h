// What each key got of the softmax weights of one attention call: the statistic by which caches
// choose what to keep (kv/policy.h).
//
//   sums[k] += sum over queries q and heads h that score k:  2^(log2(e) * scale * q_h . k - L[q,
//   h])
//
// where L is the log_sums that attend() wrote for the same queries, over all parts. Scores are
// formed by attend()'s products, tile by tile, with no second pass: no more than a tile of them is
// ever held. It costs less than attend() itself: one product, and neither maximum nor sum.
#pragma once

#include <cstddef>
#include <span>

#include "fathom/kernels/attend.h"

namespace fathom {

// `args`: a call that attend() ran, its log_sums included, or some parts of it; without biases.
// sums[p] has kBlock numbers for each key block of part p, to which what its keys got is added.
// Parts over the same keys may share them. The result does not depend on the number of threads.
void key_sums(const Compute& compute, const AttendArgs& args, std::span<float* const> sums);

}  // namespace fathom
