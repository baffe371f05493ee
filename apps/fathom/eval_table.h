// What an evaluation found, on the terminal and as JSON.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "fathom/eval/summary.h"

namespace fathom {

// A line a length and technique.
std::string to_table(const Task& task, const RunHeader& header, const std::vector<Row>& rows,
                     const std::vector<Record>& records);

// The header, and "results": an object a length and technique, with every metric's mean and 95 %
// interval, costs, and what is different from the first technique; and, where the task has a rule
// for it, "effective_length" of each technique.
nlohmann::ordered_json to_json(const Task& task, const RunHeader& header,
                               const std::vector<Row>& rows, const std::vector<Record>& records);

}  // namespace fathom
