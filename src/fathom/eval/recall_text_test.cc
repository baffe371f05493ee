#include "fathom/eval/recall_text.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

namespace fathom {
namespace {

std::vector<TokenId> some_words(size_t count) {
  std::vector<TokenId> words(count);
  std::iota(words.begin(), words.end(), TokenId{100});
  return words;
}

TEST(RecallText, PairsStandFirstAndEveryKeyIsAskedForOnce) {
  const std::vector<TokenId> words = some_words(200);
  for (const size_t pairs : {1, 4, 50}) {
    for (const size_t length : {4 * pairs, 4 * pairs + 1, 8 * pairs + 30}) {
      Random random(pairs + length);
      const RecallText text = recall_text(words, pairs, length, random);
      ASSERT_EQ(text.tokens.size(), length);
      ASSERT_EQ(text.queries.size(), pairs);
      EXPECT_TRUE(std::ranges::is_sorted(text.queries));
      std::set<TokenId> asked;
      for (size_t i = 0; i < pairs; ++i) {
        const size_t place = text.queries[i];
        ASSERT_GE(place, 2 * pairs);
        ASSERT_LT(place, length);
        EXPECT_EQ(place % 2, 0u);
        const auto key = std::ranges::find(text.tokens, text.tokens[place]);
        ASSERT_LT(key - text.tokens.begin(), static_cast<ptrdiff_t>(2 * pairs));
        EXPECT_EQ(*(key + 1), text.answers[i]);
        asked.insert(*key);
      }
      EXPECT_EQ(asked.size(), pairs);
    }
  }
}

TEST(RecallText, KeysAndValuesAreDifferentWordsAndComeNowhereElse) {
  const std::vector<TokenId> words = some_words(100);
  Random random(5);
  const RecallText text = recall_text(words, 10, 200, random);
  std::set<TokenId> used;
  for (size_t i = 0; i < 20; ++i) {
    EXPECT_EQ((text.tokens[i] - 100) % 2, static_cast<TokenId>(i % 2));
    EXPECT_TRUE(used.insert(text.tokens[i]).second);
  }
  for (size_t i = 20; i < 200; ++i)
    EXPECT_EQ(used.contains(text.tokens[i]), std::ranges::binary_search(text.queries, i)) << i;
}

TEST(RecallText, NearerQueriesAreLikelierByThePowerLaw) {
  // Of 64 places, one is drawn for one pair: the first with probability 1 / H, H the sum of
  // i^-0.99. Over 4000 texts its standard error is below 0.007; four of them are allowed.
  const std::vector<TokenId> words = some_words(40);
  double sum = 0;
  for (int i = 1; i <= 64; ++i) sum += std::pow(i, 0.01 - 1);
  Random random(9);
  int first = 0;
  for (int i = 0; i < 4000; ++i)
    first += recall_text(words, 1, 130, random).queries[0] == 2 ? 1 : 0;
  EXPECT_NEAR(first / 4000.0, 1 / sum, 0.028);
}

TEST(RecallText, TheSameSeedMakesTheSameText) {
  const std::vector<TokenId> words = some_words(64);
  Random one(3), same(3), other(4);
  const std::vector<TokenId> tokens = recall_text(words, 8, 90, one).tokens;
  EXPECT_EQ(tokens, recall_text(words, 8, 90, same).tokens);
  EXPECT_NE(tokens, recall_text(words, 8, 90, other).tokens);
}

}  // namespace
}  // namespace fathom
