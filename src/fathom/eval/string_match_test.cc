#include "fathom/eval/string_match.h"

#include <vector>

#include <gtest/gtest.h>

namespace fathom {
namespace {

// tests/oracle/test_string_match.py has the cases; these tell the three scores apart.
TEST(StringMatch, AllCountsTheShareAndPartAny) {
  const std::vector<std::string> references = {"Falcon", "harbor"};
  EXPECT_EQ(string_match_all("a falcon", references), 0.5);
  EXPECT_EQ(string_match_part("a falcon", references), 1);
  EXPECT_EQ(string_match_all("", references), 0);
  EXPECT_EQ(string_match_part("", references), 0);
}

TEST(StringMatch, OnlyTheSubspanIgnoresPunctuationAndArticles) {
  const std::vector<std::string> references = {"The U.S. navy"};
  EXPECT_EQ(string_match_part("It was US navy.", references), 0);
  EXPECT_EQ(best_subspan_em("It was US navy.", references), 1);
}

TEST(StringMatch, ArticlesAreWholeWords) {
  EXPECT_EQ(normalised_answer("  The theatre,\n an ant - a 'bat'! "), "theatre ant bat");
}

}  // namespace
}  // namespace fathom
