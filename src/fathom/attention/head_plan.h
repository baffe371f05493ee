// What a head's queries score in one call: plans over the cache, and over copies of keys in other
// orders.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "fathom/attention/key_order.h"
#include "fathom/attention/pattern.h"
#include "fathom/attention/planner.h"
#include "fathom/base/kv_reach.h"
#include "fathom/base/thread_pool.h"
#include "fathom/kernels/block_plan.h"

namespace fathom {

struct PlannedTerm {
  KeyOrderPtr order;                // null: the cache's own
  const LaneCache* copy = nullptr;  // of the keys in that order; null: whoever planned has it
  BlockPlan plan;
  bool at_slots = false;  // scored by the call's slot_queries
};

// Terms that score no pair twice. Those that score nothing are left out.
struct HeadPlan {
  PatternPtr pattern;  // of which it is made, so that what its orders refer to stays alive
  std::vector<PlannedTerm> terms;
  uint64_t pairs = 0;  // that they score
};

// The orders in which a pattern is planned, in a text of up to `context` tokens, as disjoint terms:
// one over the cache first, and from each next what those before it see is taken away.
std::vector<Term> disjoint_terms(const PatternPtr& pattern, int64_t context);

// The plan of one of these.
BlockPlan plan_term(const Term& term, const PlanRequest& request);

HeadPlan plan_head(const PatternPtr& pattern, const PlanRequest& request, int64_t context);
// The same of several patterns, with their terms shared out over the pool.
std::vector<HeadPlan> plan_heads(ThreadPool& pool, std::span<const PatternPtr> patterns,
                                 const PlanRequest& request, int64_t context);

// The order of keys less than so many tokens back, which lie turned otherwise: see plan_near_far().
KeyOrderPtr near_keys();

// What a pattern sees of the keys less than `near` tokens back, over a copy in the order
// near_keys(), and of the others, over the cache, by slot_queries.
HeadPlan plan_near_far(const PatternPtr& pattern, int64_t near, const PlanRequest& request);

// What a pattern and, where there is one, a reach let see of a cache that has dropped keys: parts
// that share no pair. Those `at_slots` are sinks of a reach that is re-indexed.
struct KeptPart {
  PatternPtr sees;
  bool at_slots = false;
};
std::vector<KeptPart> kept_parts(const PatternPtr& pattern, const std::optional<KvReach>& reach);

// Of these parts, over a cache that holds only the keys at `positions`, ascending.
HeadPlan plan_kept(const PatternPtr& pattern, std::span<const KeptPart> parts,
                   const PlanRequest& request, std::span<const Position> positions);

}  // namespace fathom
