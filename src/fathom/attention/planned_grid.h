// The pairs that a plan scores, query by query: what a drawing shows and a test compares.
//
// As large as the pairs are many, so for a few thousand tokens only; HeadPlan::pairs (head_plan.h)
// counts those of any plan.
#pragma once

#include <cstdint>
#include <vector>

#include "fathom/attention/head_plan.h"
#include "fathom/attention/planner.h"
#include "fathom/base/result.h"

namespace fathom {

// The keys' positions that each query of the call scores, ascending.
using KeyRows = std::vector<std::vector<int64_t>>;

// It is read off the plan alone, pattern->sees() is never asked. `request`: what the plan was made
// for. Error, which is a mistake of the planner: a pair is there twice, or its key is not among the
// call's.
Result<KeyRows> planned_grid(const HeadPlan& plan, const PlanRequest& request);

}  // namespace fathom
