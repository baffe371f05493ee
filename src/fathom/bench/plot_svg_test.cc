// Plots and their axes.
#include "fathom/bench/plot_svg.h"

#include <algorithm>
#include <cstdio>
#include <regex>

#include <gtest/gtest.h>

#include "fathom/bench/log_axis.h"

namespace fathom {
namespace {

std::vector<std::string> labels(const LogAxis& axis) {
  std::vector<std::string> found;
  for (const LogAxis::Tick& tick : axis.ticks()) found.push_back(tick.label);
  return found;
}

TEST(LogAxis, TokensHaveTicksAtPowersOfTwo) {
  const LogAxis axis(Ticks::tokens, 512, 3 << 20, 0, 100);
  EXPECT_EQ(labels(axis),
            (std::vector<std::string>{"512", "2K", "8K", "32K", "128K", "512K", "2M"}));
  EXPECT_EQ(labels({Ticks::tokens, 4096, 32768, 0, 1}),
            (std::vector<std::string>{"4K", "8K", "16K", "32K"}));
}

TEST(LogAxis, DecadesEndAtTicks) {
  const LogAxis axis(Ticks::decades, 0.002, 40, 100, 0);
  EXPECT_EQ(labels(axis), (std::vector<std::string>{"0.001", "0.01", "0.1", "1", "10", "100"}));
  EXPECT_DOUBLE_EQ(axis.pixel(0.001), 100);
  EXPECT_DOUBLE_EQ(axis.pixel(100), 0);
  EXPECT_DOUBLE_EQ(axis.pixel(1), 40);
  EXPECT_EQ(labels({Ticks::decades, 1e-7, 1e-5, 0, 1}),
            (std::vector<std::string>{"1e-7", "1e-6", "1e-5"}));
}

TEST(LogAxis, ASingleValueLiesInTheMiddle) {
  for (const Ticks ticks : {Ticks::tokens, Ticks::decades})
    EXPECT_DOUBLE_EQ(LogAxis(ticks, 1, 1, 20, 40).pixel(1), 30);
}

Plot sample(size_t series) {
  Plot plot = {.title = "Time of patterns", .y = {.label = "seconds"}, .series = {}};
  for (size_t i = 0; i < series; ++i)
    plot.series.push_back({"pattern " + std::to_string(i), {{4096, 0.5}, {16384, 2}, {65536, 8}}});
  return plot;
}

// The first group of every match.
std::vector<std::string> all_of(const std::string& text, const std::string& expression) {
  const std::regex regex(expression);
  std::vector<std::string> found;
  for (auto match = std::sregex_iterator(text.begin(), text.end(), regex);
       match != std::sregex_iterator(); ++match)
    found.push_back((*match)[1]);
  return found;
}

TEST(PlotSvg, HasTitleAxesTicksAndNames) {
  const std::string svg = to_svg(sample(2));
  for (const char* text : {">Time of patterns<", ">tokens<", ">seconds<", ">4K<", ">64K<", ">0.1<",
                           ">10<", ">pattern 0<", ">pattern 1<"})
    EXPECT_NE(svg.find(text), std::string::npos) << text;
}

TEST(PlotSvg, APowerIsAStraightLine) {
  const std::string svg = to_svg(sample(1));
  const auto line = all_of(svg, "stroke-width=\"2\"[^>]*points=\"([^ \"]+ [^ \"]+ [^ \"]+)\"");
  ASSERT_EQ(line.size(), 1u) << svg;
  double x[3], y[3];
  ASSERT_EQ(std::sscanf(line[0].c_str(), "%lf,%lf %lf,%lf %lf,%lf", &x[0], &y[0], &x[1], &y[1],
                        &x[2], &y[2]),
            6);
  // Two decimals are written.
  EXPECT_NEAR(x[2] - x[1], x[1] - x[0], 0.02);
  EXPECT_NEAR(y[2] - y[1], y[1] - y[0], 0.02);
  EXPECT_GT(x[1], x[0]);
  EXPECT_LT(y[1], y[0]) << "more is higher up";
}

TEST(PlotSvg, ManyCurvesAreToldApartAndTheirNamesDoNotOverlap) {
  const std::string svg = to_svg(sample(40));
  std::vector<std::string> strokes =
      all_of(svg, "(stroke=\"[^\"]*\" stroke-width=\"2\"[^>]*) points=\"[^ \"]+ [^ \"]+ ");
  ASSERT_EQ(strokes.size(), 40u);
  std::ranges::sort(strokes);
  EXPECT_EQ(std::ranges::adjacent_find(strokes), strokes.end());
  std::vector<double> heights;
  for (const std::string& y : all_of(svg, "y=\"([^\"]*)\"[^>]*>pattern"))
    heights.push_back(std::stod(y));
  ASSERT_EQ(heights.size(), 40u);
  std::ranges::sort(heights);
  for (size_t i = 1; i < heights.size(); ++i) EXPECT_GE(heights[i] - heights[i - 1], 17.9);
  EXPECT_GE(heights.front(), 0);
  EXPECT_LE(heights.back(), std::stod(all_of(svg, "<svg[^>]* height=\"([^\"]*)\"").at(0)));
}

TEST(PlotSvg, ACurveWithoutPointsIsLeftOut) {
  Plot plot = sample(2);
  plot.series[0].points.clear();
  const std::string svg = to_svg(plot);
  EXPECT_EQ(svg.find("pattern 0"), std::string::npos);
  EXPECT_NE(svg.find("pattern 1"), std::string::npos);
}

}  // namespace
}  // namespace fathom
