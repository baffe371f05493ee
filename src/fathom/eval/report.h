// What people look at: a table for spreadsheets and one page with all pictures.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "fathom/eval/records.h"

namespace fathom {

// One run, with its task.
struct RunResults {
  const Task* task = nullptr;
  RunHeader header;
  std::vector<Record> records;
};

// A line a technique and length: the settings, every metric with its interval, costs.
std::string to_csv(const RunResults& run);

// The pictures of some runs as SVG files: name without ending, and content. Of runs of one model
// and text under several techniques, also cost against loss with the Pareto front.
std::vector<std::pair<std::string, std::string>> pictures(const std::vector<RunResults>& runs);

// A self-contained page: settings, tables, pictures that can be saved as PNG and SVG. Nothing in it
// is fetched.
std::string to_html(const std::vector<RunResults>& runs);

}  // namespace fathom
