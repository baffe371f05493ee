#include "fathom/eval/random.h"

#include <algorithm>
#include <array>
#include <set>

#include <gtest/gtest.h>

namespace fathom {
namespace {

// std::mt19937_64's 10,000th number from its default seed is in the standard; ours follow from it.
TEST(Random, DrawsAreThoseOfTheStandardsGenerator) {
  Random random(5489);
  uint64_t drawn = 0;
  for (int i = 0; i < 10000; ++i) drawn = random.bits();
  EXPECT_EQ(drawn, 9981545732273789042u);
}

TEST(Random, EveryNumberBelowIsAboutAsLikely) {
  Random random(1);
  std::array<int, 7> counts = {};
  for (int i = 0; i < 70000; ++i) ++counts[random.below(7)];
  // Each is binomial with a standard deviation of 93; five of them.
  for (const int count : counts) EXPECT_NEAR(count, 10000, 465);
}

TEST(Random, ShufflesEveryOrder) {
  Random random(2);
  std::set<std::vector<int>> orders;
  for (int i = 0; i < 500; ++i) {
    std::vector<int> items = {1, 2, 3, 4};
    random.shuffle(items);
    orders.insert(items);
  }
  EXPECT_EQ(orders.size(), 24u);
}

TEST(Random, DistinctNumbersAreDistinct) {
  Random random(3);
  for (size_t count = 0; count <= 9; ++count) {
    std::vector<size_t> numbers = random.distinct(count, 9);
    EXPECT_EQ(numbers.size(), count);
    EXPECT_EQ(std::set<size_t>(numbers.begin(), numbers.end()).size(), count);
    EXPECT_TRUE(std::ranges::all_of(numbers, [](size_t n) { return n < 9; }));
  }
}

TEST(Random, UuidsAreOfTheRandomKind) {
  Random random(4);
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string uuid = random.uuid();
    ASSERT_EQ(uuid.size(), 36u);
    EXPECT_EQ(uuid[14], '4');
    EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos);
    for (size_t at = 0; at < uuid.size(); ++at) {
      const bool dash = at == 8 || at == 13 || at == 18 || at == 23;
      EXPECT_EQ(uuid[at] == '-', dash) << uuid;
    }
    seen.insert(uuid);
  }
  EXPECT_EQ(seen.size(), 100u);
}

TEST(Random, LettersAreOfTheAlphabetBothEndsIncluded) {
  Random random(5);
  const std::string text = random.letters(2000, 'A', 'Z');
  EXPECT_EQ(std::set<char>(text.begin(), text.end()).size(), 26u);
  EXPECT_EQ(*std::ranges::min_element(text), 'A');
  EXPECT_EQ(*std::ranges::max_element(text), 'Z');
}

}  // namespace
}  // namespace fathom
