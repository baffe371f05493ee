#include "fathom/eval/rouge.h"

#include <gtest/gtest.h>

#include "fathom/eval/porter_stemmer.h"

namespace fathom {
namespace {

// The example of Lin 2004, section 3.1: both answers share one bigram with the reference, "the
// gunman", and only the first has its words in order.
TEST(Rouge, LongestCommonSubsequence) {
  const std::string reference = "police killed the gunman";
  EXPECT_DOUBLE_EQ(rouge(reference, "police kill the gunman", false).rougeL.f1, 0.75);
  EXPECT_DOUBLE_EQ(rouge(reference, "the gunman kill police", false).rougeL.f1, 0.5);
  EXPECT_DOUBLE_EQ(rouge(reference, "police kill the gunman", true).rougeL.f1, 1);
}

// Section 3.2: the union of w1 w2 and w1 w3 w5 is four of the reference's five words.
TEST(Rouge, UnionOfLines) {
  const RougeScore score =
      rouge("w1 w2 w3 w4 w5", "w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5", false).rougeLsum;
  EXPECT_DOUBLE_EQ(score.recall, 4.0 / 5);
  EXPECT_DOUBLE_EQ(score.precision, 4.0 / 10);
}

TEST(Rouge, NgramsCountAsOftenAsBothHaveThem) {
  const Rouge score = rouge("the cat the dog", "the the the cat", false);
  EXPECT_DOUBLE_EQ(score.rouge1.recall, 3.0 / 4);
  EXPECT_DOUBLE_EQ(score.rouge2.precision, 1.0 / 3);
}

TEST(Rouge, NothingScoresNothing) {
  for (const auto& [reference, answer] :
       {std::pair("", ""), std::pair("a", ""), std::pair("", "a"), std::pair("...", "a")}) {
    const Rouge score = rouge(reference, answer, true);
    EXPECT_EQ(score.rouge1.f1 + score.rouge2.f1 + score.rougeL.f1 + score.rougeLsum.f1, 0);
  }
}

TEST(Rouge, TheBestReferenceCounts) {
  const std::string references[] = {"x y", "police killed the gunman", ""};
  EXPECT_DOUBLE_EQ(best_rouge(references, "police kill the gunman", false).rougeL.f1, 0.75);
}

TEST(Rouge, Tokens) {
  EXPECT_EQ(rouge_tokens("Don't RUNNING-shoes caf\u00e9 3.5", true),
            (std::vector<std::string>{"don", "t", "run", "shoe", "caf", "3", "5"}));
}

TEST(PorterStemmer, StemsAsNltkDoes) {
  for (const auto& [word, stem] :
       {std::pair("caresses", "caress"), std::pair("relational", "relat"),
        std::pair("hopping", "hop"), std::pair("filing", "file"), std::pair("dying", "die"),
        std::pair("enjoy", "enjoy"), std::pair("flies", "fli"), std::pair("ties", "tie"),
        std::pair("yes", "ye"), std::pair("geology", "geolog")})
    EXPECT_EQ(porter_stem(word), stem) << word;
}

}  // namespace
}  // namespace fathom
