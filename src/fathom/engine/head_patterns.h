// What every head of a model sees.
#pragma once

#include <cstddef>
#include <vector>

#include "fathom/attention/pattern.h"
#include "fathom/attention/pattern_map.h"
#include "fathom/base/result.h"
#include "fathom/model/spec.h"

namespace fathom {

struct HeadPatterns {
  std::vector<PatternPtr> patterns;          // the distinct ones, so that equal heads share a plan
  std::vector<std::vector<size_t>> of_head;  // [layer][query head]: which of them
};

// As `attention` says, and of what it does not name the layer's own window. Error: it names a layer
// or head that the model does not have.
Result<HeadPatterns> patterns_of(const ModelSpec& spec, const PatternMap& attention);

// Whether every head sees what its layer's own window lets it see of a text of so many tokens.
bool sees_as_trained(const ModelSpec& spec, const HeadPatterns& heads, int64_t tokens);

}  // namespace fathom
