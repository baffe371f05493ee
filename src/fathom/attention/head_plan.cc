#include "fathom/attention/head_plan.h"

#include <utility>

#include "fathom/attention/compose.h"

namespace fathom {
namespace {

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

HeadPlan plan_head(const PatternPtr& pattern, const PlanRequest& request, int64_t context) {
  HeadPlan head{.pattern = pattern, .terms = {}};
  for (const Term& term : disjoint_terms(pattern, context)) {
    BlockPlan plan = term.order == nullptr ? plan_blocks(*term.within, request)
                                           : plan_lanes(*term.order, *term.within, request);
    if (plan.runs.empty()) continue;
    head.terms.push_back({.order = term.order, .copy = term.copy, .plan = std::move(plan)});
  }
  return head;
}

uint64_t scored_pairs(const HeadPlan& plan) {
  uint64_t pairs = 0;
  for (const PlannedTerm& term : plan.terms) pairs += scored_pairs(term.plan);
  return pairs;
}

}  // namespace fathom
