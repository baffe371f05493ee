// What a run's records say: means by technique and length, with intervals, paired against the first
// technique.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fathom/eval/records.h"
#include "fathom/eval/statistics.h"

namespace fathom {

struct Row {
  size_t technique = 0;  // an index into RunHeader::techniques
  size_t length = 0;
  size_t samples = 0;
  std::map<std::string, Interval> values;  // by metric
  // The first metric's against the first technique's, on the samples that both have.
  std::optional<Interval> against_first;
  std::map<std::string, double> costs;  // means; of reading, over samples that were read whole
};

// By length, then by technique; without rows that have no record.
std::vector<Row> summarise(const Task& task, const RunHeader& header,
                           const std::vector<Record>& records);

// The first metric's mean by the values of a fact: cells[technique][length][value].
struct Cell {
  size_t technique = 0;
  size_t length = 0;
  Json value;  // the fact's
  Interval mean;
  size_t samples = 0;
};
std::vector<Cell> by_fact(const Task& task, const std::vector<Record>& records,
                          const std::string& fact);

// Where a task has a rule for it: the greatest length whose mean passes; none: no length does.
std::optional<size_t> effective_length(const Task& task, const std::vector<Row>& rows,
                                       size_t technique);

// The same by the values of a fact, each from its records' "passing" where they have one, else from
// the task's.
struct EffectiveLength {
  size_t technique = 0;
  Json value;  // the fact's
  double passing = 0;
  std::optional<size_t> length;
};
std::vector<EffectiveLength> effective_lengths(const Task& task, const std::vector<Record>& records,
                                               const std::string& fact);

}  // namespace fathom
