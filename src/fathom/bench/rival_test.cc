#include "fathom/bench/rival.h"

#include <gtest/gtest.h>

#include "fathom/bench/capture.h"

namespace fathom {
namespace {

TEST(Rival, PrefillAtADepthFollowsFromTwoReadings) {
  const auto seconds = [](double n) { return 3e-4 * n + 2e-8 * n * n; };
  const double expected = seconds(8192 + 512) - seconds(8192);
  EXPECT_NEAR(prefill_at(8192, seconds(512), seconds(8192 + 512)), expected, 1e-12);
  EXPECT_EQ(prefill_at(0, 0.25, 0.25), 0.25);
}

TEST(Rival, RowsKeepTheBestRepetition) {
  const auto rows = parse_rival_rows(
      R"([{"n_prompt": 512, "n_gen": 0, "avg_ns": 3e9, "samples_ns": [4e9, 2e9],
           "flash_attn": true, "type_k": "bf16", "build_commit": "abc"},
          {"n_prompt": 0, "n_gen": 32, "avg_ns": 1e9, "flash_attn": 0, "type_k": "f16"}])");
  ASSERT_TRUE(rows.ok());
  ASSERT_EQ(rows.value().size(), 2u);
  EXPECT_DOUBLE_EQ(rows.value()[0].seconds, 2);
  EXPECT_EQ(rows.value()[0].flash, "1");
  EXPECT_EQ(rows.value()[0].build, "abc");
  EXPECT_DOUBLE_EQ(rows.value()[1].seconds, 1);
  EXPECT_EQ(rows.value()[1].flash, "0");
}

TEST(Rival, OutputThatIsNotUnderstoodIsAnError) {
  for (const char* text : {"", "{", "[]", "7", "[{}]", R"([{"n_prompt": "many"}])"})
    EXPECT_FALSE(parse_rival_rows(text).ok()) << text;
}

TEST(Capture, HandsOutWhatIsPrintedAndWhyItFailed) {
  EXPECT_EQ(capture({"sh", "-c", "echo out; echo error >&2"}).value(), "out\n");
  const auto failed = capture({"sh", "-c", "echo first >&2; echo last >&2; exit 3"});
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().message, "sh: exit code 3: last");
  const auto killed = capture({"sh", "-c", "kill -9 $$"});
  ASSERT_FALSE(killed.ok());
  EXPECT_EQ(killed.error().message, "sh: ended by signal 9");
  EXPECT_FALSE(capture({"/no/such/program"}).ok());
}

}  // namespace
}  // namespace fathom
