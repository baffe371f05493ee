// Several runs as one where they differ in their techniques alone, so that patterns and cache
// policies, measured apart, meet in one picture.
#pragma once

#include <vector>

#include "fathom/eval/report.h"

namespace fathom {

// Runs of one task, model, texts and samples become one, with the techniques of all in order, each
// once; of a technique that several measured, the first run's records count. Others stay as they
// are.
std::vector<RunResults> merge_alike(const std::vector<RunResults>& runs);

}  // namespace fathom
