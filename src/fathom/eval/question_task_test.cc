#include "fathom/eval/question_task.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "fathom/text/test_vocabularies.h"

namespace fathom {
namespace {

TEST(SeedOf, DiffersBySeedAndSample) {
  std::set<uint64_t> seeds;
  for (uint64_t seed = 0; seed < 20; ++seed)
    for (int sample = 0; sample < 20; ++sample)
      seeds.insert(seed_of(seed, "niah/4096/" + std::to_string(sample)));
  EXPECT_EQ(seeds.size(), 400u);
  // On every machine: results of one are those of another.
  EXPECT_EQ(seed_of(1, "needle/1024/0"), seed_of(1, "needle/1024/0"));
}

// A byte a token, so that lengths can be counted by hand.
class FillTest : public testing::Test {
 protected:
  std::unique_ptr<Tokenizer> tokenizer_ = Tokenizer::create(byte_bpe_vocabulary({})).value();
  PromptForm form_ = PromptForm::plain(*tokenizer_);
  size_t made_ = 0;

  Result<Question> fill_with(size_t length, size_t least, size_t unit) {
    return fill(form_, length, least, [&, unit](size_t units) {
      ++made_;
      return Question{.text = std::string(units * unit, 'a') + "?",
                      .answer_start = {},
                      .max_tokens = 10,
                      .references = {}};
    });
  }
};

TEST_F(FillTest, HoldsAsMuchAsFits) {
  for (const size_t unit : {1, 3, 7}) {
    for (size_t length = 40; length < 300; length += 13) {
      const auto question = fill_with(length, 1, unit);
      ASSERT_TRUE(question.ok()) << question.error().message;
      const size_t tokens = form_.tokens(*question)->size() + 10;
      EXPECT_LE(tokens, length);
      EXPECT_GT(tokens + unit, length) << "one more unit would fit";
    }
  }
}

TEST_F(FillTest, TriesNotMoreThanTwiceTheLogarithm) {
  ASSERT_TRUE(fill_with(100'000, 1, 1).ok());
  EXPECT_LE(made_, 2 * 17 + 3u);
}

TEST_F(FillTest, TheLeastMayBeAllThatFits) {
  const auto question = fill_with(51, 4, 10);
  ASSERT_TRUE(question.ok());
  EXPECT_EQ(question->text.size(), 41u);
}

TEST_F(FillTest, SaysWhatTheLeastNeeds) {
  const auto question = fill_with(50, 4, 10);
  ASSERT_FALSE(question.ok());
  EXPECT_NE(question.error().message.find("needs 51 at least"), std::string::npos)
      << question.error().message;
}

}  // namespace
}  // namespace fathom
