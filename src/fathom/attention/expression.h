// Patterns joined by `|` and `&`, as read: a tree that makes the pattern of each head.
//
//   expression = term { "|" term }
//   term       = factor { "&" factor }
//   factor     = "(" expression ")" | name [ "(" parameters ")" ]
#pragma once

#include <string>
#include <vector>

#include "fathom/attention/pattern.h"
#include "fathom/base/result.h"
#include "fathom/base/spec_cursor.h"

namespace fathom {

class Expression {
 public:
  // Takes an expression off the cursor. Errors point at the character and say what is valid.
  // It may name up to kMostPatterns patterns: each costs memory, and time of every plan.
  static constexpr size_t kMostPatterns = 64;
  static Result<Expression> parse(SpecCursor& cursor) {
    return parse_joined(cursor, Kind::either, 0);
  }

  PatternPtr pattern_for(const Placement& placement) const;

  // The same expression again: every parameter written out, parentheses where they are needed.
  std::string spec() const;

 private:
  enum class Kind : uint8_t { pattern, either, all };

  // `depth`: of the parentheses around.
  static Result<Expression> parse_joined(SpecCursor& cursor, Kind kind, int depth);
  static Result<Expression> parse_factor(SpecCursor& cursor, int depth);
  static Result<Expression> parse_pattern(SpecCursor& cursor);
  // One part is itself. Error: one of several stands alone, or they are too many.
  static Result<Expression> join(SpecCursor& cursor, Kind kind, std::vector<Expression> parts);
  size_t patterns() const;  // how many it names

  Kind kind_ = Kind::pattern;
  const PatternPlugin* plugin_ = nullptr;  // of a pattern
  size_t at_ = 0;                          // where it stands in the text
  Parameters parameters_;
  std::vector<Expression> parts_;  // of the others: two or more
};

}  // namespace fathom
