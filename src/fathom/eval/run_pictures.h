// The pictures of one run: its first metric by length, its task's views, cost against loss.
#pragma once

#include <string>
#include <vector>

#include "fathom/eval/report.h"
#include "fathom/eval/summary.h"

namespace fathom {

struct Picture {
  std::string name;  // of a file, without ending: "needle-by-length"
  std::string svg;
};

// Cost against loss first, longest length first.
std::vector<Picture> pictures_of(const RunResults& run, const std::vector<Row>& rows);

// What a run's values of a fact are called: "50 %" of shares, else as they are.
std::vector<std::string> fact_names(const std::vector<Json>& values);
// The different values of a fact: numbers by size, then others as they come.
std::vector<Json> fact_values(const std::vector<Cell>& cells);

}  // namespace fathom
