#include "fathom/eval/chart_axis.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstdio>
#include <utility>

#include "fathom/eval/value_text.h"

namespace fathom {
namespace {

constexpr double kTitleSize = 18, kTitleLine = 24, kSubtitleSize = 13, kSubtitleLine = 18;
constexpr double kAbove = 14, kBeneath = 16;

// 1, 2 or 5 times a power of ten: a step of which no more than seven cover a span.
double round_step(double span) {
  const double decade = std::pow(10, std::floor(std::log10(span)) - 1);
  for (const double step : {1.0, 2.0, 5.0, 10.0, 20.0})
    if (span / (step * decade) <= 7) return step * decade;
  return decade * 50;
}

// All ticks of an axis with as many decimals as its step needs.
std::string tick_text(double value, double step, Metric::Shown shown) {
  if (std::abs(value) < step / 2) value = 0;
  if (shown == Metric::Shown::percent) return share_text(value);
  if (step < 1e-4 || step >= 1) return number_text(value);
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", static_cast<int>(std::ceil(-std::log10(step) - 1e-9)),
                value);
  return text;
}

void draw_line(Svg& svg, SvgPoint from, SvgPoint to, std::string_view colour) {
  const SvgPoint points[] = {from, to};
  svg.line(points, {.colour = colour});
}

}  // namespace

double ChartAxis::along(double value) const {
  if (logarithmic) return std::log(value / least) / std::log(most / least);
  return (value - least) / (most - least);
}

ChartAxis linear_axis(std::string label, double least, double most, Metric::Shown shown) {
  if (most - least < 1e-12 * std::abs(most) || most == least) {
    const double room = std::max(std::abs(most) / 10, 1e-3);
    least -= room;
    most += room;
  }
  const double step = round_step(most - least);
  const double first = std::floor(least / step + 1e-6), last = std::ceil(most / step - 1e-6);
  ChartAxis axis{
      .label = std::move(label), .least = first * step, .most = last * step, .ticks = {}};
  for (int i = 0; i <= std::lround(last - first); ++i)
    axis.ticks.push_back({(first + i) * step, tick_text((first + i) * step, step, shown)});
  return axis;
}

ChartAxis share_axis(std::string label) {
  return linear_axis(std::move(label), 0, 1, Metric::Shown::percent);
}

ChartAxis power_axis(std::string label, Ticks ticks, double least, double most) {
  assert(0 < least && least <= most && std::isfinite(most));
  const double room = least == most ? 2 : std::pow(most / least, 0.06);
  ChartAxis axis{.label = std::move(label),
                 .least = least / room,
                 .most = most * room,
                 .logarithmic = true,
                 .ticks = {}};
  if (ticks == Ticks::decades && most / least < 100) {  // so that there are two ticks
    axis.least = std::pow(10, std::floor(std::log10(least) + 1e-9));
    axis.most = std::pow(10, std::ceil(std::log10(most) - 1e-9));
    if (axis.least == axis.most) axis.most *= 10;
  }
  for (LogAxis::Tick& tick : LogAxis(ticks, axis.least, axis.most, 0, 1).ticks())
    if (tick.value >= axis.least * 0.999 && tick.value <= axis.most * 1.001)
      axis.ticks.push_back(std::move(tick));
  return axis;
}

ChartAxis named_axis(std::string label, const std::vector<std::string>& names) {
  assert(!names.empty());
  ChartAxis axis{.label = std::move(label),
                 .least = -0.5,
                 .most = static_cast<double>(names.size()) - 0.5,
                 .ticks = {}};
  for (size_t i = 0; i < names.size(); ++i)
    axis.ticks.push_back({static_cast<double>(i), names[i]});
  return axis;
}

ChartFrame::ChartFrame(SvgBox area, ChartAxis x, ChartAxis y, double below)
    : area_(area), x_(std::move(x)), y_(std::move(y)), below_(below) {}

SvgPoint ChartFrame::at(double x, double y) const {
  return {area_.x + x_.along(x) * area_.width, area_.y + area_.height - y_.along(y) * area_.height};
}

void ChartFrame::draw(Svg& svg) const {
  const double right = area_.x + area_.width, bottom = area_.y + area_.height;
  for (const LogAxis::Tick& tick : y_.ticks) {
    const double y = bottom - y_.along(tick.value) * area_.height;
    draw_line(svg, {area_.x, y}, {right, y}, kGrid);
    svg.text({area_.x - 8, y + 4}, tick.label, {.anchor = "end", .colour = kQuiet});
  }
  for (const LogAxis::Tick& tick : x_.ticks) {
    const double x = area_.x + x_.along(tick.value) * area_.width;
    draw_line(svg, {x, area_.y}, {x, bottom + below_ + 4}, kGrid);
    svg.text({x, bottom + below_ + 19}, tick.label, {.anchor = "middle", .colour = kQuiet});
  }
  draw_line(svg, {area_.x, bottom}, {right, bottom}, "#b6bcc3");
  svg.text({area_.x + area_.width / 2, bottom + below_ + 41}, x_.label,
           {.size = 13, .anchor = "middle", .colour = kInk});
  svg.text({area_.x - 58, area_.y + area_.height / 2}, y_.label,
           {.size = 13, .anchor = "middle", .colour = kInk, .turned = -90});
}

double draw_heading(Svg& svg, double left, double width, std::string_view title,
                    std::string_view subtitle) {
  double y = kAbove;
  for (const std::string& line : wrapped(title, width, kTitleSize, true))
    svg.text({left, y += kTitleLine}, line, {.size = kTitleSize, .colour = kInk, .bold = true});
  if (!subtitle.empty())
    for (const std::string& line : wrapped(subtitle, width, kSubtitleSize, false))
      svg.text({left, y += kSubtitleLine}, line, {.size = kSubtitleSize, .colour = kQuiet});
  return y + kBeneath;
}

double heading_height(double width, std::string_view title, std::string_view subtitle) {
  const auto lines = [width](std::string_view text, double size, bool bold) {
    return text.empty() ? 0 : static_cast<double>(wrapped(text, width, size, bold).size());
  };
  return kAbove + kTitleLine * lines(title, kTitleSize, true) +
         kSubtitleLine * lines(subtitle, kSubtitleSize, false) + kBeneath;
}

}  // namespace fathom
