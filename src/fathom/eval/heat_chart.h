// Heat maps side by side: a value by column and row, a panel a technique, one scale for all.
//
// The scale runs from pale yellow over green to dark blue: its lightness falls evenly, so that it
// reads without colours too.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fathom/eval/task.h"

namespace fathom {

struct HeatPanel {
  std::string title;
  std::vector<std::vector<std::optional<double>>> cells;  // [row][column]; none: not measured
};

struct HeatChart {
  std::string title, subtitle;
  std::string columns_label, rows_label;
  std::vector<std::string> columns, rows;  // names; at least one of each
  Metric::Shown shown = Metric::Shown::percent;
  double least = 0, most = 1;  // what the scale's ends stand for
  std::vector<HeatPanel> panels;
};

std::string to_svg(const HeatChart& chart);

}  // namespace fathom
