#include "fathom/attention/head_plan.h"

#include <string>
#include <utility>

#include "fathom/attention/compose.h"
#include "fathom/attention/kept_keys.h"
#include "fathom/attention/spec.h"

namespace fathom {
namespace {

// The text's own order, in one lane, of which only the end is kept.
class NearKeys final : public KeyOrder {
 public:
  int64_t lanes() const override { return 1; }
  std::optional<Place> place(Position key) const override {
    return Place{.lane = 0, .index = key.value};
  }
  Position key_at(Place place) const override { return {place.index}; }
  int64_t count(int64_t, Position end) const override { return end.value; }
  int64_t lane_of(Position) const override { return 0; }
  std::string name() const override { return "near"; }
};

// Joins the terms that are over the cache into one, which comes first.
std::vector<Term> cache_first(std::vector<Term> terms) {
  PatternPtr cache;
  std::vector<Term> sorted(1);
  for (Term& term : terms) {
    if (term.order != nullptr) {
      sorted.push_back(std::move(term));
    } else {
      cache = cache == nullptr ? term.whole : unite(cache, term.whole);
    }
  }
  if (cache == nullptr) {
    sorted.erase(sorted.begin());
  } else {
    sorted.front() = {.order = nullptr, .whole = cache, .within = cache};
  }
  return sorted;
}

void append_term(const Term& term, BlockPlan plan, HeadPlan& head, bool at_slots = false) {
  if (plan.runs.empty()) return;
  head.pairs += scored_pairs(plan);
  head.terms.push_back(
      {.order = term.order, .copy = term.copy, .plan = std::move(plan), .at_slots = at_slots});
}

PatternPtr named(const char* name, const char* parameter, int64_t value) {
  const std::string spec = std::string(name) + "(" + parameter + "=" + std::to_string(value) + ")";
  return parse_pattern(spec).value();
}
PatternPtr sees_recent(int64_t size) { return named("window", "size", size); }
PatternPtr sees_first(int64_t count) { return named("sinks", "count", count); }

}  // namespace

std::vector<Term> disjoint_terms(const PatternPtr& pattern, int64_t context) {
  std::vector<Term> terms = cache_first(terms_of(pattern, context));
  PatternPtr before;
  for (Term& term : terms) {
    const PatternPtr whole = term.whole;
    if (before != nullptr) term.within = subtract(term.within, before);
    before = before == nullptr ? whole : unite(before, whole);
  }
  return terms;
}

BlockPlan plan_term(const Term& term, const PlanRequest& request) {
  return term.order == nullptr ? plan_blocks(*term.within, request)
                               : plan_lanes(*term.order, *term.within, request);
}

HeadPlan plan_head(const PatternPtr& pattern, const PlanRequest& request, int64_t context) {
  HeadPlan head{.pattern = pattern, .terms = {}};
  for (const Term& term : disjoint_terms(pattern, context))
    append_term(term, plan_term(term, request), head);
  return head;
}

std::vector<HeadPlan> plan_heads(ThreadPool& pool, std::span<const PatternPtr> patterns,
                                 const PlanRequest& request, int64_t context) {
  std::vector<Term> terms;
  std::vector<size_t> head_of;  // [terms]
  for (size_t head = 0; head < patterns.size(); ++head) {
    for (Term& term : disjoint_terms(patterns[head], context)) {
      terms.push_back(std::move(term));
      head_of.push_back(head);
    }
  }
  std::vector<BlockPlan> plans(terms.size());
  pool.run(terms.size(), [&](size_t i, size_t) { plans[i] = plan_term(terms[i], request); });
  std::vector<HeadPlan> heads;
  heads.reserve(patterns.size());
  for (const PatternPtr& pattern : patterns) heads.push_back({.pattern = pattern, .terms = {}});
  for (size_t i = 0; i < terms.size(); ++i)
    append_term(terms[i], std::move(plans[i]), heads[head_of[i]]);
  return heads;
}

KeyOrderPtr near_keys() {
  static const KeyOrderPtr kOrder = std::make_shared<NearKeys>();
  return kOrder;
}

HeadPlan plan_near_far(const PatternPtr& pattern, int64_t near, const PlanRequest& request) {
  HeadPlan head{.pattern = pattern, .terms = {}};
  const PatternPtr recent = sees_recent(near);
  const PatternPtr seen_near = intersect(pattern, recent);
  const PatternPtr seen_far = subtract(pattern, recent);
  const Term close{.order = near_keys(), .whole = seen_near, .within = seen_near};
  const Term far{.order = nullptr, .whole = seen_far, .within = seen_far};
  append_term(close, plan_blocks(*seen_near, request), head);  // the copy has the cache's blocks
  append_term(far, plan_blocks(*seen_far, request), head, true);
  return head;
}

std::vector<KeptPart> kept_parts(const PatternPtr& pattern, const std::optional<KvReach>& reach) {
  if (!reach) return {{.sees = pattern}};
  const PatternPtr recent = sees_recent(reach->recent);
  std::vector<KeptPart> parts = {{.sees = intersect(pattern, recent)}};
  if (reach->sinks == 0) return parts;
  const PatternPtr sinks = subtract(sees_first(reach->sinks), recent);
  parts.push_back({.sees = intersect(pattern, sinks), .at_slots = reach->reindexed});
  return parts;
}

HeadPlan plan_kept(const PatternPtr& pattern, std::span<const KeptPart> parts,
                   const PlanRequest& request, std::span<const Position> positions) {
  HeadPlan head{.pattern = pattern, .terms = {}};
  const KeptKeys order(positions);
  for (const KeptPart& part : parts)
    append_term({.order = nullptr, .whole = part.sees, .within = part.sees},
                plan_lanes(order, *part.sees, request), head, part.at_slots);
  return head;
}

}  // namespace fathom
