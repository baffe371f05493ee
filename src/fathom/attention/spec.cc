#include "fathom/attention/spec.h"

#include "fathom/attention/expression.h"
#include "fathom/base/spec_cursor.h"

namespace fathom {

Result<PatternPtr> parse_pattern(std::string_view spec, const Placement& placement) {
  SpecCursor cursor(spec);
  FATHOM_TRY(const Expression expression, Expression::parse(cursor));
  if (!cursor.at_end()) return cursor.expected("'|', '&' or the end of the specification");
  return expression.pattern_for(placement);
}

}  // namespace fathom
