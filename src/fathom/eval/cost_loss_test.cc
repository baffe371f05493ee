#include "fathom/eval/cost_loss.h"

#include <gtest/gtest.h>

#include "fathom/eval/test_runs.h"

namespace fathom {
namespace {

// The model's own and snapkv, at given shares of the pairs and values of the first metric.
RunResults two(const Task& task, double cost, double first, double second) {
  RunResults run = test_run(
      task, {test_technique("model", "keep"), test_technique("model", "snapkv(budget=0.125)")},
      {4096}, 4);
  for (Record& record : run.records) {
    record.measured.values[std::string(task.metrics[0].name)] = record.technique ? second : first;
    record.measured.costs["pairs_scored"] = record.technique ? cost : 1;
  }
  return run;
}

std::optional<ScatterChart> chart_of(const RunResults& run) {
  return cost_against_loss(run, summarise(*run.task, run.header, run.records), 4096,
                           CostKind::work);
}

TEST(CostLoss, IsRelativeToTheFirstTechnique) {
  const Task task = test_task(kFound);
  const auto chart = chart_of(two(task, 0.125, 0.8, 0.6));
  ASSERT_TRUE(chart);
  ASSERT_EQ(chart->points.size(), 2u);
  EXPECT_DOUBLE_EQ(chart->points[0].cost, 1);
  EXPECT_DOUBLE_EQ(chart->points[0].loss, 0);
  EXPECT_DOUBLE_EQ(chart->points[1].cost, 0.125);
  EXPECT_NEAR(chart->points[1].loss, 0.2, 1e-12);
  EXPECT_EQ(chart->points[1].name, "snapkv 12.5 %");
}

TEST(CostLoss, TheTitleIsTheFinding) {
  const Task found = test_task(kFound), divergence = test_task(kDivergence),
             perplexity = test_task(kPerplexity);
  EXPECT_EQ(chart_of(two(found, 0.125, 0.8, 0.78))->title,
            "snapkv 12.5 % keeps 97.5 % of full’s score at an eighth of the work");
  EXPECT_EQ(chart_of(two(found, 0.125, 0.8, 0.4))->title,
            "Nothing cheaper comes within 5 % of full");
  EXPECT_EQ(chart_of(two(found, 0.125, 0, 0))->title,
            "Under full itself the score is 0: nothing can be lost");
  EXPECT_EQ(chart_of(two(divergence, 0.5, 0, 0.02))->title,
            "snapkv 12.5 % stays within 0.0200 nats of full at half the work");
  EXPECT_EQ(chart_of(two(divergence, 0.5, 0, 0.2))->title,
            "Nothing cheaper comes within 0.0500 of full");
  EXPECT_EQ(chart_of(two(perplexity, 0.25, 2, 2.00995))->title,
            "snapkv 12.5 % costs 1 % of perplexity at a quarter of the work");
}

TEST(CostLoss, NoneWhereNothingIsComparedOrAllCostTheSame) {
  const Task task = test_task(kFound);
  EXPECT_FALSE(chart_of(two(task, 1, 0.8, 0.6)));
  RunResults run = two(task, 0.5, 0.8, 0.6);
  for (Record& record : run.records) record.measured.costs["pairs_scored"] = nullptr;
  EXPECT_FALSE(chart_of(run));
  run.header.techniques.resize(1);
  EXPECT_FALSE(chart_of(run));
}

TEST(CostLoss, TechniquesThatDifferInANumberAreOneLine) {
  const Task task = test_task(kFound);
  const RunResults run = test_run(task, test_techniques(), {4096}, 2);
  const auto chart = chart_of(run);
  ASSERT_TRUE(chart);
  EXPECT_EQ(chart->points[1].line, chart->points[2].line);  // snapkv
  EXPECT_NE(chart->points[1].line, chart->points[4].line);  // h2o
}

TEST(CostLoss, FamiliesAreWhatATechniqueChanges) {
  EXPECT_EQ(family_of(test_technique("model", "keep")), Family::own);
  EXPECT_EQ(family_of(test_technique("window(size=8)", "keep")), Family::pattern);
  EXPECT_EQ(family_of(test_technique("model", "q8")), Family::type);
  EXPECT_EQ(family_of(test_technique("model", "snapkv(budget=0.1)")), Family::policy);
  EXPECT_EQ(family_of(test_technique("model", "q8; snapkv(budget=0.1)")), Family::several);
  EXPECT_EQ(family_of(test_technique("window(size=8)", "q8")), Family::several);
  Technique yarn;
  yarn.rope = "yarn(factor=4)";
  EXPECT_EQ(family_of(yarn), Family::position);
}

}  // namespace
}  // namespace fathom
