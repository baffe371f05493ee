#include "fathom/kv/budget_split.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "fathom/base/parameter_parser.h"
#include "fathom/base/spec_cursor.h"

namespace fathom {
namespace {

const std::array<ParameterInfo, 1> kBeta = {{
    {.name = "beta",
     .help = "the average share over the topmost layer's",
     .fallback = BudgetSplit{}.beta},
}};
const std::array<ParameterInfo, 1> kFloor = {{
    {.name = "floor",
     .help = "what part of its even share every head has",
     .fallback = BudgetSplit{}.floor},
}};

}  // namespace

std::string BudgetSplit::spec() const {
  switch (kind) {
    case Kind::uniform:
      return "uniform";
    case Kind::pyramid:
      return "pyramid(beta=" + to_text(ParameterValue(beta)) + ")";
    case Kind::adaptive:
      return "adaptive(floor=" + to_text(ParameterValue(floor)) + ")";
  }
  return "";
}

// PyramidKV, section 3.2: from the bottom's share to the top's, budget / beta, in equal steps. What
// the bottom has no tokens for, all others have, in equal steps again.
std::vector<int64_t> BudgetSplit::of_layers(size_t layers, int64_t budget, int64_t most) const {
  budget = std::min(budget, most);
  std::vector<int64_t> shares(layers, budget);
  if (kind != Kind::pyramid || layers < 2) return shares;
  const auto average = static_cast<double>(budget);
  const double bottom = std::min(2 * average - average / beta, static_cast<double>(most));
  const double top = 2 * average - bottom;
  // Rounding the running sum keeps the total.
  double exact = 0;
  int64_t given = 0;
  for (size_t layer = 0; layer < layers; ++layer) {
    const double up = static_cast<double>(layer) / static_cast<double>(layers - 1);
    exact += bottom + (top - bottom) * up;
    shares[layer] = std::llround(exact) - given;
    given += shares[layer];
  }
  return shares;
}

Result<BudgetSplit> parse_budget_split(std::string_view text) {
  SpecCursor cursor(text);
  BudgetSplit split;
  const size_t at = cursor.next();
  const std::string name(cursor.take_name());
  if (name == "uniform") {
    FATHOM_CHECK(parse_parameters(cursor, name, {}));
  } else if (name == "pyramid") {
    split.kind = BudgetSplit::Kind::pyramid;
    FATHOM_TRY(const Parameters given, parse_parameters(cursor, name, kBeta));
    split.beta = given.number("beta");
    if (split.beta <= 1) return cursor.error(at, "beta must be above 1");
  } else if (name == "adaptive") {
    split.kind = BudgetSplit::Kind::adaptive;
    FATHOM_TRY(const Parameters given, parse_parameters(cursor, name, kFloor));
    split.floor = given.number("floor");
    if (split.floor < 0 || split.floor > 1) return cursor.error(at, "floor must be from 0 to 1");
  } else {
    return cursor.error(at, "expected a split: one of uniform, pyramid, adaptive");
  }
  if (!cursor.at_end()) return cursor.expected("the end of the split");
  return split;
}

}  // namespace fathom
