// How the layers of a model attend over one sequence's cache.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "fathom/attention/pattern.h"
#include "fathom/attention/pattern_map.h"
#include "fathom/base/result.h"
#include "fathom/kernels/block_plan.h"
#include "fathom/kernels/compute.h"
#include "fathom/kv/cache.h"
#include "fathom/model/forward.h"
#include "fathom/model/spec.h"

namespace fathom {

// What every head of a model sees.
struct HeadPatterns {
  std::vector<PatternPtr> patterns;          // the distinct ones, so that equal heads share a plan
  std::vector<std::vector<size_t>> of_head;  // [layer][query head]: which of them
};

// The layers' own windows, narrowed by `attention`. Error: it names a layer or head that the model
// does not have.
Result<HeadPatterns> patterns_of(const ModelSpec& spec, const PatternMap& attention);

// One plan for each pattern, of the queries at positions [begin, end): each sees what its pattern
// lets it see of the keys at [0, end).
std::vector<BlockPlan> plans_of(std::span<const PatternPtr> patterns, int64_t begin, int64_t end);

// Query-key pairs, of all heads.
struct PairCount {
  uint64_t scored = 0;
  uint64_t full = 0;  // that full causal attention scores
  double fraction() const {
    return full == 0 ? 1 : static_cast<double>(scored) / static_cast<double>(full);
  }
};
// Of the queries at positions [begin, end), by the plans that plans_of() made of them.
PairCount count_pairs(const HeadPatterns& heads, std::span<const BlockPlan> plans, int64_t begin,
                      int64_t end);

// Attention over the cache, head by head as `heads` says, by plans of its patterns. All arguments
// must outlive the result.
AttendLayer attend_over(const Compute& compute, const ModelSpec& spec, const KvCache& cache,
                        std::span<const BlockPlan> plans, const HeadPatterns& heads);

}  // namespace fathom
