// What techniques cost against what they lose: the points of scatter_chart.h, and what they say.
//
// Both are relative to the first technique on the same samples. Of a metric that is a share, the
// loss is the drop of its mean; of an exponential one the growth in percent; else the difference.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fathom/eval/report.h"
#include "fathom/eval/scatter_chart.h"
#include "fathom/eval/summary.h"

namespace fathom {

enum class CostKind {
  work,     // what attention reads of the cache: pairs scored times bytes of a token
  seconds,  // of reading and writing
};

Family family_of(const Technique& technique);

// At one of the run's lengths. None: fewer than two techniques have a cost and a loss there, or all
// cost the same.
std::optional<ScatterChart> cost_against_loss(const RunResults& run, const std::vector<Row>& rows,
                                              size_t length, CostKind kind);

}  // namespace fathom
