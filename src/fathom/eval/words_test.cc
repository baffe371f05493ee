#include "fathom/eval/words.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

namespace fathom {
namespace {

// A common word of cwe that another contained would count as found where it was not.
TEST(Words, NoneIsPartOfAnother) {
  Random random(1);
  const std::vector<std::string> words = distinct_words(880, random);
  for (const std::string& one : words) {
    for (const std::string& other : words)
      EXPECT_TRUE(&one == &other || other.find(one) == std::string::npos) << one << " " << other;
  }
}

TEST(Words, ManyAreMadeOfTwoNouns) {
  Random random(1);
  const std::vector<std::string> words = distinct_words(20000, random);
  EXPECT_EQ(std::set<std::string>(words.begin(), words.end()).size(), 20000u);
  EXPECT_GE(std::ranges::min_element(words, {}, &std::string::size)->size(), 6u);
}

TEST(Words, AdjectiveAndNounAreJoinedByAHyphen) {
  Random random(1);
  for (int i = 0; i < 50; ++i) {
    const std::string drawn = adjective_noun(random);
    EXPECT_EQ(std::ranges::count(drawn, '-'), 1) << drawn;
    EXPECT_EQ(drawn.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), std::string::npos) << drawn;
  }
}

}  // namespace
}  // namespace fathom
