#include "fathom/eval/recipe.h"

#include <memory>

#include <gtest/gtest.h>

#include "fathom/text/test_vocabularies.h"

namespace fathom {
namespace {

TEST(Places, AreSpreadFromEndToEnd) {
  EXPECT_EQ(spread_places(1), std::vector<double>{0.5});
  EXPECT_EQ(spread_places(2), (std::vector<double>{0, 1}));
  EXPECT_EQ(spread_places(4), (std::vector<double>{0, 0.333, 0.667, 1}));
  EXPECT_EQ(place_text(0.333), "0.333");
  EXPECT_EQ(place_text(1), "1.000");
}

TEST(CheckShortest, NamesASampleThatCannotBeMade) {
  const std::unique_ptr<Tokenizer> tokenizer = Tokenizer::create(byte_bpe_vocabulary({})).value();
  const PromptForm form = PromptForm::plain(*tokenizer);
  const std::vector<Sample> samples = {{.id = "a", .length = 100, .facts = {}},
                                       {.id = "b", .length = 100, .facts = {}},
                                       {.id = "c", .length = 200, .facts = {}}};
  const auto check = [&](size_t least_of_b, size_t least_of_c) {
    return check_shortest(form, samples, [&](const Sample& sample) -> Result<Recipe> {
      const size_t least = sample.id == "b" ? least_of_b : sample.id == "c" ? least_of_c : 1;
      return Recipe{least, [](size_t units) {
                      Question question;
                      question.text = std::string(units, 'x');
                      question.max_tokens = 10;
                      return question;
                    }};
    });
  };
  EXPECT_TRUE(check(90, 999).ok()) << "only the shortest length is looked at";
  const Status refused = check(91, 1);
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(refused.error().message.starts_with("--lengths: ")) << refused.error().message;
  EXPECT_TRUE(refused.error().message.ends_with("(b)")) << refused.error().message;
}

}  // namespace
}  // namespace fathom
