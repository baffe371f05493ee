// The attention specification language: which head of which layer has which pattern.
//
//   spec   = clause { ";" clause }
//   clause = [ selector ":" ] expression
//
//   0-3: full; even: window(size=1024) | sinks(count=4); heads 0,1: full; *: window(size=4096)
//
// Expressions are expression.h's, selectors selector.h's; a clause without a selector is about all
// layers and heads. Where several clauses name a head the last one holds, except that `*` is what
// no other clause names, wherever it stands. What no clause names is as the model has it (`model`).
//
// Errors are spec.h's.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fathom/attention/expression.h"
#include "fathom/attention/pattern.h"
#include "fathom/attention/selector.h"
#include "fathom/base/result.h"

namespace fathom {

class PatternMap {
 public:
  // All heads are as the model has them.
  PatternMap() = default;

  PatternPtr pattern_for(const Placement& placement) const;

  // `heads`: how many query heads each layer of the model has. Error: a clause names a layer or a
  // head that is not there; a head must be in every layer that its clause is about.
  Status check(std::span<const size_t> heads) const;

  // The same specification again, every parameter written out.
  std::string spec() const;

 private:
  friend Result<PatternMap> parse_attention(std::string_view spec);
  struct Clause {
    Selector selector;
    Expression expression;
  };
  const Clause* find(const Placement& placement, bool rest) const;

  std::string text_;  // as it was given, for errors
  std::vector<Clause> clauses_;
};

Result<PatternMap> parse_attention(std::string_view spec);

}  // namespace fathom
