// What `fathom pattern` tells of a text's plans: it takes them as they are made, chunk by chunk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "fathom/attention/head_plan.h"
#include "fathom/attention/planned_grid.h"
#include "fathom/attention/planner.h"
#include "fathom/base/result.h"
#include "pair_grid.h"

namespace fathom {

struct PatternReportOptions {
  std::string title;  // what is drawn
  std::string spec;   // as the pattern has it
  size_t layer = 0;
  size_t head = 0;
  int64_t tokens = 0;
  bool causal = true;
  bool json = false;
  bool count = false;  // numbers alone: no rows, no drawing
  std::string svg;     // a file; empty: none
};

class PatternReport {
 public:
  explicit PatternReport(PatternReportOptions options);

  // The next queries' plan, made for `request`. JSON is printed as it comes. Errors are
  // planned_grid()'s, and output that cannot be written.
  Status add(const HeadPlan& plan, const PlanRequest& request);
  // What planning took; nothing is told of it unless this is called.
  void add_seconds(double seconds) { seconds_ = seconds_.value_or(0) + seconds; }
  // After all queries.
  Status finish();

 private:
  Status print_rows(const KeyRows& rows, int64_t first);
  std::string summary() const;
  Status finish_json() const;
  Status finish_text() const;

  PatternReportOptions options_;
  uint64_t full_;
  uint64_t active_ = 0;
  std::optional<double> seconds_;
  std::optional<PairGrid> for_text_, for_svg_;
};

}  // namespace fathom
