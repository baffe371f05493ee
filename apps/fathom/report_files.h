// The files of a report: tables, pictures and a page.
#pragma once

#include <string>
#include <vector>

#include "fathom/base/result.h"
#include "fathom/eval/report.h"

namespace fathom {

// Writes report.html, results.csv of one run alone, and plots/*.svg into a folder that is made if
// it is missing; plots/*.png too where rsvg-convert is found. Errors name the file.
Status write_report(const std::string& folder, const std::vector<RunResults>& runs);

// A run's folder. Errors name the file: none is there, a damaged one, a task that this program does
// not have.
Result<RunResults> read_run(const std::string& folder);

}  // namespace fathom
