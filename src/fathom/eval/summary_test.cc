#include "fathom/eval/summary.h"

#include <array>
#include <string>

#include <gtest/gtest.h>

namespace fathom {
namespace {

constexpr std::array<Metric, 2> kMetrics = {{
    {.name = "score", .label = "found"},
    {.name = "loss", .label = "perplexity", .higher_is_better = false},
}};

Task task() {
  Task task{};
  task.metrics = kMetrics;
  task.passing = 0.5;
  return task;
}

RunHeader header() {
  RunHeader header;
  header.techniques.resize(2);
  return header;
}

Record record(const std::string& sample, size_t technique, size_t length, double score,
              double depth = 0) {
  return {.sample = sample,
          .technique = technique,
          .length = length,
          .facts = {{"depth", depth}},
          .measured = {.values = {{"score", score}},
                       .details = Json::object(),
                       .curves = Json::object(),
                       .costs = {{"seconds", 2.0 * score}, {"mass_kept", nullptr}}}};
}

// Of a sample that begins with what was kept of others, costs of reading are of the rest alone.
TEST(Summary, CostsOfReadingAreOfSamplesThatWereReadWhole) {
  std::vector<Record> records = {record("a", 0, 512, 1), record("b", 0, 512, 0.5)};
  for (Record& one : records) {
    one.measured.costs["pairs_scored"] = one.sample == "a" ? 0.5 : 0.1;
    one.measured.costs["recalled_tokens"] = one.sample == "a" ? 0 : 256;
    one.measured.costs["kept"] = one.sample == "a" ? 1.0 : 0.5;
  }
  const std::vector<Row> rows = summarise(task(), header(), records);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].costs.at("pairs_scored"), 0.5);
  EXPECT_EQ(rows[0].costs.at("seconds"), 2);
  EXPECT_EQ(rows[0].costs.at("kept"), 0.75) << "of all";
  records.erase(records.begin());
  EXPECT_FALSE(summarise(task(), header(), records)[0].costs.contains("pairs_scored"));
}

TEST(Summary, MeansByLengthAndTechnique) {
  const std::vector<Record> records = {record("a", 0, 512, 1), record("b", 0, 512, 0),
                                       record("a", 1, 512, 0), record("b", 1, 512, 0),
                                       record("c", 1, 1024, 1)};
  const std::vector<Row> rows = summarise(task(), header(), records);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].length, 512u);
  EXPECT_EQ(rows[0].technique, 0u);
  EXPECT_EQ(rows[0].samples, 2u);
  EXPECT_EQ(rows[0].values.at("score").mean, 0.5);
  EXPECT_FALSE(rows[0].values.contains("loss")) << "no record has it";
  EXPECT_EQ(rows[0].costs.at("seconds"), 1);
  EXPECT_FALSE(rows[0].costs.contains("mass_kept")) << "was not measured";
  EXPECT_FALSE(rows[0].against_first) << "is the first";
  EXPECT_EQ(rows[1].technique, 1u);
  ASSERT_TRUE(rows[1].against_first);
  EXPECT_EQ(rows[1].against_first->mean, -0.5);
  EXPECT_EQ(rows[2].length, 1024u);
  EXPECT_FALSE(rows[2].against_first) << "the first was not measured there";
}

// Techniques are compared on the samples that both have.
TEST(Summary, PairsBySample) {
  const std::vector<Record> records = {record("a", 0, 512, 1), record("b", 0, 512, 0),
                                       record("b", 1, 512, 1)};
  const std::vector<Row> rows = summarise(task(), header(), records);
  ASSERT_TRUE(rows[1].against_first);
  EXPECT_EQ(rows[1].against_first->mean, 1);
}

// Of few windows, from the standard errors that came with them: sqrt(0.3^2 + 0.4^2) / 2.
TEST(Summary, FewSamplesBringTheirOwnErrors) {
  std::vector<Record> records = {record("a", 0, 512, 2), record("b", 0, 512, 4)};
  records[0].measured.values["score_error"] = 0.3;
  records[1].measured.values["score_error"] = 0.4;
  const Interval interval = summarise(task(), header(), records)[0].values.at("score");
  EXPECT_DOUBLE_EQ(interval.mean, 3);
  EXPECT_NEAR(interval.high - 3, 1.959964 * 0.25, 1e-6);
  EXPECT_NEAR(3 - interval.low, 1.959964 * 0.25, 1e-6);
}

TEST(Summary, ByAFact) {
  const std::vector<Record> records = {record("a", 0, 512, 1, 0.1), record("b", 0, 512, 0, 0.9),
                                       record("c", 0, 512, 0, 0.1), record("d", 1, 512, 1, 0.1)};
  const std::vector<Cell> cells = by_fact(task(), records, "depth");
  ASSERT_EQ(cells.size(), 3u);
  EXPECT_EQ(cells[0].value, 0.1);
  EXPECT_EQ(cells[0].mean.mean, 0.5);
  EXPECT_EQ(cells[0].samples, 2u);
  EXPECT_EQ(cells[1].mean.mean, 0);
  EXPECT_EQ(cells[2].technique, 1u);
  EXPECT_TRUE(by_fact(task(), records, "colour").empty());
}

TEST(Summary, TheEffectiveLengthIsTheGreatestThatPasses) {
  const std::vector<Record> records = {record("a", 0, 512, 1), record("b", 0, 1024, 0.5),
                                       record("c", 0, 2048, 0.4), record("d", 1, 512, 0.1)};
  const std::vector<Row> rows = summarise(task(), header(), records);
  EXPECT_EQ(effective_length(task(), rows, 0), 1024u);
  EXPECT_EQ(effective_length(task(), rows, 1), std::nullopt);
}

TEST(Summary, PartsHaveEffectiveLengthsOfTheirOwn) {
  std::vector<Record> records = {record("a", 0, 512, 0.7, 1), record("b", 0, 1024, 0.6, 1),
                                 record("c", 0, 512, 0.7, 2), record("d", 0, 1024, 0.6, 2)};
  records[2].measured.values["passing"] = 0.65;
  records[3].measured.values["passing"] = 0.65;
  const auto lengths = effective_lengths(task(), records, "depth");
  ASSERT_EQ(lengths.size(), 2u);
  EXPECT_EQ(lengths[0].passing, 0.5) << "the task's";
  EXPECT_EQ(lengths[0].length, 1024u);
  EXPECT_EQ(lengths[1].passing, 0.65);
  EXPECT_EQ(lengths[1].length, 512u);
}

}  // namespace
}  // namespace fathom
