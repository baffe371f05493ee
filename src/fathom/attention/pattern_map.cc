#include "fathom/attention/pattern_map.h"

#include <algorithm>
#include <ranges>
#include <utility>

#include "fathom/attention/spec.h"

namespace fathom {

// The last clause that selects the head, among those with or those without `*`.
const PatternMap::Clause* PatternMap::find(const Placement& placement, bool rest) const {
  for (const Clause& clause : clauses_ | std::views::reverse)
    if (clause.selector.is_rest() == rest && clause.selector.selects(placement)) return &clause;
  return nullptr;
}

PatternPtr PatternMap::pattern_for(const Placement& placement) const {
  const Clause* clause = find(placement, false);
  if (clause == nullptr) clause = find(placement, true);
  if (clause != nullptr) return clause->expression.pattern_for(placement);
  return parse_pattern("model", placement).value();
}

Status PatternMap::check(std::span<const size_t> heads) const {
  for (const Clause& clause : clauses_) FATHOM_CHECK(clause.selector.check(text_, heads));
  return {};
}

std::string PatternMap::spec() const {
  if (clauses_.empty()) return "model";
  std::string text;
  for (const Clause& clause : clauses_) {
    if (!text.empty()) text += "; ";
    text += clause.selector.spec() + clause.expression.spec();
  }
  return text;
}

Result<PatternMap> parse_attention(std::string_view spec) {
  SpecCursor cursor(spec);
  PatternMap map;
  map.text_ = spec;
  do {
    PatternMap::Clause clause;
    if (Selector::comes_next(cursor)) {
      FATHOM_TRY(clause.selector, Selector::parse(cursor));
    }
    FATHOM_TRY(clause.expression, Expression::parse(cursor));
    map.clauses_.push_back(std::move(clause));
  } while (cursor.take(';'));
  if (!cursor.at_end()) return cursor.expected("'|', '&', ';' or the end of the specification");
  return map;
}

}  // namespace fathom
