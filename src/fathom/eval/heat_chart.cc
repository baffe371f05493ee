#include "fathom/eval/heat_chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string_view>
#include <utility>

#include "fathom/base/svg.h"
#include "fathom/eval/chart_axis.h"
#include "fathom/eval/value_text.h"

namespace fathom {
namespace {

constexpr double kWidth = 1000, kEdge = 24;
constexpr double kCellHeight = 22, kLeastCell = 14, kMostCell = 64;
constexpr double kPanelTitle = 26, kColumnNames = 24, kPanelGap = 28;
constexpr double kLegend = 54;

using Rgb = std::array<double, 3>;
constexpr std::array<Rgb, 5> kScale = {
    {{250, 246, 214}, {190, 224, 178}, {86, 180, 172}, {36, 104, 158}, {12, 36, 92}}};
constexpr double kDark = 0.55;  // from here on, figures in cells are white

// `share` in [0, 1].
std::string colour_of(double share) {
  const double at = std::clamp(share, 0.0, 1.0) * (kScale.size() - 1);
  const size_t from = std::min(static_cast<size_t>(at), kScale.size() - 2);
  const double part = at - static_cast<double>(from);
  std::array<int, 3> mixed{};
  for (size_t i = 0; i < 3; ++i)
    mixed[i] =
        static_cast<int>(std::lround(kScale[from][i] * (1 - part) + kScale[from + 1][i] * part));
  char text[8];
  std::snprintf(text, sizeof text, "#%02x%02x%02x", mixed[0] & 0xff, mixed[1] & 0xff,
                mixed[2] & 0xff);
  return text;
}

// Without a unit: what the panel's scale says.
std::string cell_text(double value, Metric::Shown shown) {
  return shown == Metric::Shown::percent ? std::to_string(std::lround(value * 100))
                                         : value_text(value, shown);
}

double widest(const std::vector<std::string>& texts, double size) {
  double width = 0;
  for (const std::string& text : texts) width = std::max(width, text_width(text, size));
  return width;
}

class HeatDrawing {
 public:
  explicit HeatDrawing(const HeatChart& chart)
      : chart_(chart),
        names_width_(std::min(widest(chart.rows, 11), 160.0) + 10),
        cell_(cell_width()),
        panel_width_(std::max(names_width_ + cell_ * columns() + kPanelGap, 245.0)),
        across_(std::clamp(static_cast<size_t>((kWidth - 2 * kEdge + kPanelGap) / panel_width_),
                           size_t{1}, std::max(chart.panels.size(), size_t{1}))),
        panel_height_(kPanelTitle + kCellHeight * static_cast<double>(chart.rows.size()) +
                      kColumnNames + 10),
        top_(heading_height(kWidth - 2 * kEdge, chart.title, chart.subtitle)),
        bottom_(top_ +
                panel_height_ * std::ceil(static_cast<double>(chart.panels.size()) / across())),
        svg_(std::max(kWidth, 2 * kEdge + panel_width_), bottom_ + kLegend) {}

  std::string draw() && {
    draw_heading(svg_, kEdge, kWidth - 2 * kEdge, chart_.title, chart_.subtitle);
    for (size_t i = 0; i < chart_.panels.size(); ++i) {
      const size_t row = i / across_;
      draw_panel(chart_.panels[i], {kEdge + panel_width_ * static_cast<double>(i % across_),
                                    top_ + panel_height_ * static_cast<double>(row)});
    }
    draw_legend();
    return std::move(svg_).finish();
  }

 private:
  double columns() const { return static_cast<double>(chart_.columns.size()); }
  double across() const { return static_cast<double>(across_); }

  double cell_width() const {
    const double room = (kWidth - 2 * kEdge - names_width_) / columns();
    const double names = widest(chart_.columns, 11) + 8;
    return std::clamp(std::max(names, 34.0), kLeastCell,
                      std::max(kLeastCell, std::min(kMostCell, room)));
  }

  double share_of(double value) const {
    return chart_.most == chart_.least ? 0.5
                                       : (value - chart_.least) / (chart_.most - chart_.least);
  }

  void draw_panel(const HeatPanel& panel, SvgPoint at) {
    const double left = at.x + names_width_, top = at.y + kPanelTitle;
    svg_.text({at.x, at.y + 15}, elided(panel.title, panel_width_ - kPanelGap, 13, true),
              {.size = 13, .colour = kInk, .bold = true});
    for (size_t row = 0; row < chart_.rows.size(); ++row) {
      const double y = top + kCellHeight * static_cast<double>(row);
      svg_.text({left - 6, y + 15}, elided(chart_.rows[row], names_width_ - 10, 11),
                {.size = 11, .anchor = "end", .colour = kQuiet});
      for (size_t column = 0; column < chart_.columns.size(); ++column)
        draw_cell(panel.cells[row][column], {left + cell_ * static_cast<double>(column), y});
    }
    const double below = top + kCellHeight * static_cast<double>(chart_.rows.size()) + 15;
    for (size_t column = 0; column < chart_.columns.size(); ++column)
      if (column % names_step() == 0)
        svg_.text({left + cell_ * (static_cast<double>(column) + 0.5), below},
                  chart_.columns[column], {.size = 11, .anchor = "middle", .colour = kQuiet});
  }

  // Where cells are too narrow for every column's name, some are left out.
  size_t names_step() const {
    return static_cast<size_t>(std::ceil((widest(chart_.columns, 11) + 4) / cell_));
  }

  void draw_cell(std::optional<double> value, SvgPoint at) {
    const SvgBox box[] = {{at.x, at.y, cell_ - 1, kCellHeight - 1}};
    if (!value || !std::isfinite(*value)) {
      svg_.boxes(box, "#f1f3f5");
      return;
    }
    const double share = share_of(*value);
    svg_.boxes(box, colour_of(share));
    const std::string text = cell_text(*value, chart_.shown);
    if (text_width(text, 10) <= cell_ - 4)
      svg_.text({at.x + (cell_ - 1) / 2, at.y + 14.5}, text,
                {.size = 10, .anchor = "middle", .colour = share > kDark ? "#ffffff" : kInk});
  }

  void draw_legend() {
    constexpr int kSteps = 40;
    constexpr double kLength = 200, kHeight = 10;
    const double y = bottom_ + 12;
    const bool shares = chart_.shown == Metric::Shown::percent;
    const auto end_text = [&](double value) {
      return shares ? share_text(value) : value_text(value, chart_.shown);
    };
    const std::string least = end_text(chart_.least);
    double x = kEdge + text_width(least, 11) + 6;
    svg_.text({x - 6, y + 9}, least, {.size = 11, .anchor = "end", .colour = kQuiet});
    for (int i = 0; i < kSteps; ++i, x += kLength / kSteps) {
      const SvgBox box[] = {{x, y, kLength / kSteps, kHeight}};
      svg_.boxes(box, colour_of((i + 0.5) / kSteps));
    }
    const std::string axes =
        "  ·  across: " + chart_.columns_label + "  ·  down: " + chart_.rows_label;
    svg_.text({x + 6, y + 9}, end_text(chart_.most) + axes, {.size = 11, .colour = kQuiet});
  }

  const HeatChart& chart_;
  double names_width_, cell_, panel_width_;
  size_t across_;  // panels in a row of them
  double panel_height_, top_, bottom_;
  Svg svg_;
};

}  // namespace

std::string to_svg(const HeatChart& chart) { return HeatDrawing(chart).draw(); }

}  // namespace fathom
