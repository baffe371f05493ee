#include "fathom/eval/merged_runs.h"

#include <string>

#include <gtest/gtest.h>

namespace fathom {
namespace {

RunResults run_of(const std::vector<std::string>& kv, double score) {
  RunResults run;
  run.header.task = "needle";
  run.header.lengths = {512};
  for (size_t t = 0; t < kv.size(); ++t) {
    Technique technique;
    technique.kv = kv[t];
    run.header.techniques.push_back(technique);
    run.records.push_back({.sample = "a",
                           .technique = t,
                           .length = 512,
                           .facts = Json::object(),
                           .measured = {.values = {{"found", score}},
                                        .details = Json::object(),
                                        .curves = Json::object(),
                                        .costs = Json::object()}});
  }
  return run;
}

TEST(MergeAlike, JoinsTheTechniquesOfLikeRuns) {
  const auto merged = merge_alike({run_of({"keep", "q8"}, 1), run_of({"keep", "q4", "q8"}, 0.5)});
  ASSERT_EQ(merged.size(), 1u);
  const RunResults& run = merged[0];
  ASSERT_EQ(run.header.techniques.size(), 3u);
  EXPECT_EQ(run.header.techniques[2].kv, "q4");
  ASSERT_EQ(run.records.size(), 3u) << "a technique's samples count once";
  EXPECT_EQ(run.records[0].measured.values["found"], 1) << "the first run's";
  EXPECT_EQ(run.records[2].technique, 2u);
  EXPECT_EQ(run.records[2].measured.values["found"], 0.5);
}

TEST(MergeAlike, KeepsRunsOfOtherSamplesApart) {
  RunResults other = run_of({"q4"}, 1);
  other.header.seed = 9;
  RunResults elsewhere = run_of({"q4"}, 1);
  elsewhere.header.threads = 64;
  const auto merged = merge_alike({run_of({"keep"}, 1), other, elsewhere});
  ASSERT_EQ(merged.size(), 3u);
  EXPECT_EQ(merged[1].header.seed, 9u);
  EXPECT_EQ(merged[2].header.threads, 64u) << "threads change what it costs";
}

}  // namespace
}  // namespace fathom
