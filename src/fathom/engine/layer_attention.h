// How the layers of a model attend over one sequence's cache.
#pragma once

#include <span>
#include <vector>

#include "fathom/attention/pattern.h"
#include "fathom/kernels/block_plan.h"
#include "fathom/kernels/compute.h"
#include "fathom/kv/cache.h"
#include "fathom/model/forward.h"
#include "fathom/model/spec.h"

namespace fathom {

// One plan for each pattern, of the queries at positions [begin, end): each sees what its pattern
// lets it see of the keys at [0, end).
std::vector<BlockPlan> plans_of(std::span<const PatternPtr> patterns, int64_t begin, int64_t end);

// Attention over the cache by plans[plan_of_layer[layer]]. All arguments must outlive the result.
AttendLayer attend_over(const Compute& compute, const ModelSpec& spec, const KvCache& cache,
                        std::span<const BlockPlan> plans, std::span<const size_t> plan_of_layer);

}  // namespace fathom
