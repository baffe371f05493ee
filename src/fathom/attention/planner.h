// Turns a pattern into a block plan for one call of attend().
#pragma once

#include "fathom/attention/key_order.h"
#include "fathom/attention/pattern.h"
#include "fathom/base/position.h"
#include "fathom/kernels/block_plan.h"

namespace fathom {

struct PlanRequest {
  PositionRange queries;  // of this call
  PositionRange keys;  // in the cache, this call's own included; key k lies in slot k - keys.begin
  bool causal = true;  // a query sees no key after itself
};

// Over keys in the order of the text. Cost follows the number of runs and masks, not queries x
// keys.
BlockPlan plan_blocks(const Pattern& pattern, const PlanRequest& request);

// The pairs of a query and a key of its lane that `within` sees, as blocks of the order's keys
// (KeyOrder::block_number); its queries go lane by lane. The keys begin with the text's first.
BlockPlan plan_lanes(const KeyOrder& order, const Pattern& within, const PlanRequest& request);

}  // namespace fathom
