// The axes of a chart: which values lie where, and the frame that they make.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fathom/base/log_axis.h"
#include "fathom/base/svg.h"
#include "fathom/eval/task.h"

namespace fathom {

struct ChartAxis {
  std::string label;
  double least = 0, most = 1;  // at its ends
  bool logarithmic = false;
  std::vector<LogAxis::Tick> ticks;

  // Where a value lies: 0 at `least`, 1 at `most`.
  double along(double value) const;
};

// Ends at round figures that hold [least, most].
ChartAxis linear_axis(std::string label, double least, double most, Metric::Shown shown);
// 0 to 100 %.
ChartAxis share_axis(std::string label);
// 0 < least <= most, with some room at both ends.
ChartAxis power_axis(std::string label, Ticks ticks, double least, double most);
// Of names at 0, 1, 2, ...; at least one.
ChartAxis named_axis(std::string label, const std::vector<std::string>& names);

class ChartFrame {
 public:
  // `below`: room between the area and the ticks of x.
  ChartFrame(SvgBox area, ChartAxis x, ChartAxis y, double below = 0);

  SvgPoint at(double x, double y) const;
  const SvgBox& area() const { return area_; }
  const ChartAxis& x() const { return x_; }
  const ChartAxis& y() const { return y_; }
  // Grid, ticks and labels: kTicksLeft and kTicksBelow pixels around the area.
  void draw(Svg& svg) const;

  static constexpr double kTicksLeft = 76, kTicksBelow = 48;

 private:
  SvgBox area_;
  ChartAxis x_, y_;
  double below_;
};

inline constexpr std::string_view kInk = "#1f2328";    // titles, what is said first
inline constexpr std::string_view kQuiet = "#656d76";  // what is said second
inline constexpr std::string_view kGrid = "#e9ecef";

// A bold title and a quiet line below, both broken to `width`; where what follows may begin.
double draw_heading(Svg& svg, double left, double width, std::string_view title,
                    std::string_view subtitle);
double heading_height(double width, std::string_view title, std::string_view subtitle);

}  // namespace fathom
