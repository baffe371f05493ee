#include "fathom/bench/figure.h"

#include <gtest/gtest.h>

namespace fathom {
namespace {

Figure sample() {
  Figure figure;
  figure.name = "attention";
  figure.at = {{"head_dim", 64}, {"depth", 8192}};
  figure.value = 700;
  figure.unit = "GFLOP/s";
  figure.more = {{"ms", 12.5}};
  return figure;
}

TEST(Figure, ACeilingGivesTheFraction) {
  Figure figure = sample();
  set_ceiling(figure, 875, "bf16 peak");
  EXPECT_DOUBLE_EQ(figure.fraction.value_or(0), 0.8);
}

TEST(Figure, NoValueOrNoCeilingGivesNoFraction) {
  Figure figure = sample();
  set_ceiling(figure, std::nullopt, "bf16 peak");
  EXPECT_FALSE(figure.fraction);
  figure.value.reset();
  set_ceiling(figure, 875, "bf16 peak");
  EXPECT_FALSE(figure.fraction);
}

TEST(Figure, JsonIsFlatWithNullForTheUnknown) {
  const nlohmann::ordered_json json = to_json(sample());
  EXPECT_EQ(json["depth"], 8192);
  EXPECT_EQ(json["ms"], 12.5);
  EXPECT_EQ(json["value"], 700.0);
  for (const char* key : {"ceiling", "ceiling_of", "fraction", "error", "note"})
    EXPECT_TRUE(json.at(key).is_null()) << key;
}

TEST(Figure, LineHasEverythingKnown) {
  Figure figure = sample();
  set_ceiling(figure, 875, "bf16 peak");
  figure.error = 0.0015;
  figure.note = "a note";
  const std::string line = to_line(figure);
  for (const char* part : {"attention  head_dim 64  depth 8192", "700.0 GFLOP/s",
                           "80.0 % of bf16 peak", "error 1.5e-03", "ms 12.5", "(a note)"})
    EXPECT_NE(line.find(part), std::string::npos) << part << " in " << line;
  figure.value.reset();
  EXPECT_NE(to_line(figure).find("none"), std::string::npos);
}

}  // namespace
}  // namespace fathom
