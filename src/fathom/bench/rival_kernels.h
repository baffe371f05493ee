// A rival's kernels, as far as its llama-bench lets them be told apart: figures beside those of the
// suites attention, decode and matmul, each labelled with what it is derived from.
#pragma once

#include <vector>

#include "fathom/base/result.h"
#include "fathom/bench/figure.h"
#include "fathom/bench/model_cost.h"
#include "fathom/bench/rival.h"

namespace fathom {

enum class RivalKernel : uint8_t { attention, decode, matmul };

// Attention: FLOP of 512 tokens at a depth less those at depth 0, over the difference of the times.
// Decode: bytes of cache that a token sees, likewise. Matmul: FLOP of the projections of 512
// tokens at depth 0 over all their time. Error: the program failed.
Status bench_rival_kernels(RivalKernel kernel, const std::vector<Rival>& rivals,
                           const RivalSettings& settings, const Model& model,
                           const std::vector<size_t>& depths, const FigureFn& each);

}  // namespace fathom
