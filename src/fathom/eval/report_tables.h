// The tables of one run in a report: what was asked, what came out, what the model wrote.
#pragma once

#include <string>
#include <vector>

#include "fathom/eval/report.h"
#include "fathom/eval/summary.h"

namespace fathom {

// The task's finding in a sentence: marketed against effective length; else what cost against loss
// shows at the longest length; else the first technique's first metric there. Empty without a row.
std::string finding_of(const RunResults& run, const std::vector<Row>& rows);

// As markup.
std::string settings_table(const RunResults& run);
std::string results_table(const RunResults& run, const std::vector<Row>& rows);
// Of tasks that keep what the model wrote; empty for others.
std::string answers_table(const RunResults& run);

}  // namespace fathom
