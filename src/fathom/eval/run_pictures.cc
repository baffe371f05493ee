#include "fathom/eval/run_pictures.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <ranges>
#include <utility>

#include "fathom/eval/cost_loss.h"
#include "fathom/eval/heat_chart.h"
#include "fathom/eval/line_chart.h"
#include "fathom/eval/value_text.h"

namespace fathom {
namespace {

std::string name_of(const RunResults& run, size_t technique) {
  return short_label(as_utf8(run.header.techniques[technique].label()));
}

std::string length_name(size_t length) {
  return length % 1024 == 0 ? std::to_string(length / 1024) + "K" : count_text(length);
}

// Of an exponential metric what people know, the exponential.
Interval as_shown(const Interval& interval, Metric::Shown shown) {
  if (shown != Metric::Shown::exponential) return interval;
  return {std::exp(interval.mean), std::exp(interval.low), std::exp(interval.high)};
}

// For the values of some lines and, where they are drawn, their intervals: shares from 0 to 100 %,
// what spreads over decades by its logarithm.
ChartAxis value_axis(std::string label, Metric::Shown shown, const std::vector<Line>& lines) {
  double least = std::numeric_limits<double>::infinity(), most = -least;
  for (const Line& line : lines) {
    for (const LinePoint& point : line.points) {
      if (!std::isfinite(point.y.mean)) continue;
      const bool bars = lines.size() <= kMostBars && std::isfinite(point.y.low + point.y.high);
      least = std::min(least, bars ? point.y.low : point.y.mean);
      most = std::max(most, bars ? point.y.high : point.y.mean);
    }
  }
  if (shown == Metric::Shown::percent) return share_axis(std::move(label));
  if (least > most) least = most = 0;  // no point at all
  if (least > 0 && most / least >= 20)
    return power_axis(std::move(label), Ticks::decades, least, most);
  return linear_axis(std::move(label), least, most, Metric::Shown::number);
}

// In quarters of a text.
ChartAxis position_axis(size_t length) {
  ChartAxis axis{.label = "position (tokens)", .most = static_cast<double>(length), .ticks = {}};
  for (size_t quarter = 0; quarter <= 4; ++quarter) {
    const size_t position = length * quarter / 4;
    axis.ticks.push_back({static_cast<double>(position), count_text(position)});
  }
  return axis;
}

bool has_points(const std::vector<Line>& lines) {
  return std::ranges::any_of(lines, [](const Line& line) { return !line.points.empty(); });
}

class RunPictures {
 public:
  RunPictures(const RunResults& run, const std::vector<Row>& rows)
      : run_(run), rows_(rows), metric_(run.task->metrics.front()) {
    for (const Row& row : rows)
      if (lengths_.empty() || lengths_.back() != row.length) lengths_.push_back(row.length);
  }

  std::vector<Picture> all() && {
    for (const size_t length : lengths_ | std::views::reverse)
      for (const CostKind kind : {CostKind::work, CostKind::seconds}) add_scatter(length, kind);
    if (lengths_.size() > 1) add_by_length();
    for (const View& view : run_.task->views) add_view(view);
    return std::move(pictures_);
  }

 private:
  void add(const std::string& name, std::string svg) {
    pictures_.push_back({std::string(run_.task->name) + "-" + name, std::move(svg)});
  }

  std::string title(std::string_view what) const {
    std::string text(what);
    if (!text.empty() && text[0] >= 'a' && text[0] <= 'z')
      text[0] = static_cast<char>(text[0] - 32);
    return text;
  }

  std::string model() const { return model_text(run_.header.model); }

  void add_scatter(size_t length, CostKind kind) {
    if (const auto chart = cost_against_loss(run_, rows_, length, kind))
      add((kind == CostKind::work ? "work-" : "time-") + std::to_string(length), to_svg(*chart));
  }

  void add_by_length() {
    std::vector<Line> lines;
    lines.reserve(run_.header.techniques.size());
    for (size_t t = 0; t < run_.header.techniques.size(); ++t)
      lines.push_back({name_of(run_, t), {}});
    for (const Row& row : rows_) {
      const auto found = row.values.find(std::string(metric_.name));
      if (found != row.values.end())
        lines[row.technique].points.push_back(
            {static_cast<double>(row.length), as_shown(found->second, metric_.shown)});
    }
    if (!has_points(lines)) return;
    LineChart chart{
        .title = title(metric_.label) + " by length",
        .subtitle = model() + " · " + std::string(run_.task->name) +
                    (lines.size() <= kMostBars ? " · means and 95 % intervals" : " · means"),
        .x = power_axis("tokens", Ticks::tokens, static_cast<double>(lengths_.front()),
                        static_cast<double>(lengths_.back())),
        .y = value_axis(std::string(metric_.label), metric_.shown, lines),
        .lines = lines,
        .marks = {}};
    if (run_.header.trained_context > 0)
      chart.marks.push_back({.upright = true,
                             .at = static_cast<double>(run_.header.trained_context),
                             .text = "trained for " + count_text(run_.header.trained_context)});
    if (run_.task->passing)
      chart.marks.push_back({.at = *run_.task->passing,
                             .text = "passes: " + value_text(*run_.task->passing, metric_.shown)});
    add("by-length", to_svg(chart));
  }

  void add_view(const View& view) {
    switch (view.kind) {
      case View::Kind::heat:
      case View::Kind::table:
        return add_heat(view);
      case View::Kind::line:
        return add_by_fact(view);
      case View::Kind::curve:
        for (const size_t length : lengths_) add_curve(view, length);
    }
  }

  void add_heat(const View& view) {
    const std::vector<Cell> cells = by_fact(*run_.task, run_.records, std::string(view.of));
    const std::vector<Json> values = fact_values(cells);
    if (values.empty()) return;
    HeatChart chart{.title = title(metric_.label) + " by length and " + std::string(view.label),
                    .subtitle = model() + " · " + std::string(run_.task->name),
                    .columns_label = "tokens",
                    .rows_label = std::string(view.label),
                    .columns = {},
                    .rows = fact_names(values),
                    .shown = metric_.shown,
                    .panels = {}};
    for (const size_t length : lengths_) chart.columns.push_back(length_name(length));
    std::map<size_t, HeatPanel> panels;  // by technique
    double least = std::numeric_limits<double>::infinity(), most = -least;
    for (const Cell& cell : cells) {
      HeatPanel& panel = panels[cell.technique];
      if (panel.cells.empty()) {
        panel.title = name_of(run_, cell.technique);
        panel.cells.assign(values.size(), std::vector<std::optional<double>>(lengths_.size()));
      }
      const auto row = std::ranges::find(values, cell.value) - values.begin();
      const auto column = std::ranges::find(lengths_, cell.length) - lengths_.begin();
      if (cell.samples == 0) continue;
      panel.cells[static_cast<size_t>(row)][static_cast<size_t>(column)] = cell.mean.mean;
      least = std::min(least, cell.mean.mean);
      most = std::max(most, cell.mean.mean);
    }
    if (metric_.shown != Metric::Shown::percent) chart.least = least, chart.most = most;
    for (auto& [technique, panel] : panels) chart.panels.push_back(std::move(panel));
    add("by-" + std::string(view.of), to_svg(chart));
  }

  // Of one technique a curve a length; of several a picture a length and a curve a technique.
  void add_by_fact(const View& view) {
    const std::vector<Cell> cells = by_fact(*run_.task, run_.records, std::string(view.of));
    const std::vector<Json> values = fact_values(cells);
    if (values.empty()) return;
    const bool one = run_.header.techniques.size() == 1;
    std::map<size_t, std::map<size_t, Line>> pictures;  // by length, or 0; by technique or length
    for (const Cell& cell : cells) {
      if (cell.samples == 0) continue;
      Line& line = one ? pictures[0][cell.length] : pictures[cell.length][cell.technique];
      line.name = one ? count_text(cell.length) + " tokens" : name_of(run_, cell.technique);
      const auto at = std::ranges::find(values, cell.value) - values.begin();
      line.points.push_back({static_cast<double>(at), as_shown(cell.mean, metric_.shown)});
    }
    for (auto& [length, by_key] : pictures) {
      LineChart chart{.title = title(metric_.label) + " by " + std::string(view.label),
                      .subtitle = model() + (one ? "" : " · " + count_text(length) + " tokens"),
                      .x = named_axis(std::string(view.label), fact_names(values)),
                      .y = {},
                      .lines = {},
                      .marks = {}};
      for (auto& [key, line] : by_key) {
        std::ranges::sort(line.points, {}, &LinePoint::x);
        chart.lines.push_back(std::move(line));
      }
      chart.y = value_axis(std::string(metric_.label), metric_.shown, chart.lines);
      add("by-" + std::string(view.of) + (one ? "" : "-" + std::to_string(length)), to_svg(chart));
    }
  }

  // A curve over positions: the mean of the records that have one, a curve a technique.
  void add_curve(const View& view, size_t length) {
    std::map<size_t, std::map<double, std::vector<double>>> curves;  // by technique, position
    for (const Record& record : run_.records) {
      const auto found = record.measured.curves.find(view.of);
      if (record.length != length || found == record.measured.curves.end()) continue;
      for (const Json& point : *found)
        if (point.is_array() && point.size() == 2 && point[0].is_number() && point[1].is_number())
          curves[record.technique][point[0].get<double>()].push_back(point[1].get<double>());
    }
    if (curves.empty()) return;
    LineChart chart{.title = title(view.label),
                    .subtitle = model() + " · " + count_text(length) + " tokens",
                    .x = position_axis(length),
                    .y = {},
                    .lines = {},
                    .marks = {}};
    for (const auto& [technique, points] : curves) {
      Line line{.name = name_of(run_, technique), .points = {}};
      for (const auto& [position, values] : points) {
        double sum = 0;
        for (const double value : values) sum += value;
        const double mean = sum / static_cast<double>(values.size());
        line.points.push_back({position, as_shown({mean, mean, mean}, view.shown)});
      }
      chart.lines.push_back(std::move(line));
    }
    chart.y = value_axis(std::string(view.label), view.shown, chart.lines);
    add(std::string(view.of) + "-" + std::to_string(length), to_svg(chart));
  }

  const RunResults& run_;
  const std::vector<Row>& rows_;
  const Metric& metric_;
  std::vector<size_t> lengths_;  // that have records, ascending
  std::vector<Picture> pictures_;
};

}  // namespace

std::vector<Json> fact_values(const std::vector<Cell>& cells) {
  std::vector<Json> values;
  for (const Cell& cell : cells)
    if (std::ranges::find(values, cell.value) == values.end()) values.push_back(cell.value);
  std::ranges::stable_sort(values, [](const Json& a, const Json& b) {
    if (a.is_number() && b.is_number()) return a.get<double>() < b.get<double>();
    return a.is_number() && !b.is_number();
  });
  return values;
}

std::vector<std::string> fact_names(const std::vector<Json>& values) {
  const bool shares = std::ranges::all_of(values,
                                          [](const Json& value) {
                                            return value.is_number() && value.get<double>() >= 0 &&
                                                   value.get<double>() <= 1;
                                          }) &&
                      std::ranges::any_of(values, &Json::is_number_float);
  std::vector<std::string> names;
  for (const Json& value : values) {
    if (shares)
      names.push_back(std::to_string(std::lround(value.get<double>() * 100)) + " %");
    else if (value.is_number())
      names.push_back(number_text(value.get<double>()));
    else
      names.push_back(as_utf8(value.is_string() ? value.get<std::string>() : value.dump()));
  }
  return names;
}

std::vector<Picture> pictures_of(const RunResults& run, const std::vector<Row>& rows) {
  return RunPictures(run, rows).all();
}

}  // namespace fathom
