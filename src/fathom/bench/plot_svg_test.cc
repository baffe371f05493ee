#include "fathom/bench/plot_svg.h"

#include <algorithm>
#include <cstdio>
#include <regex>

#include <gtest/gtest.h>

namespace fathom {
namespace {

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
