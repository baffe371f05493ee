// What is kept of random scores: as many as the budget says, the best of them, and the newest.
#include "fathom/kv/selection.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace fathom {
namespace {

using Scores = std::vector<std::vector<float>>;

// Of few values, so that many are equal.
Scores random_scores(std::initializer_list<size_t> sizes, uint32_t seed) {
  std::mt19937 random(seed);
  Scores scores;
  for (const size_t size : sizes) {
    std::vector<float>& head = scores.emplace_back(size);
    for (float& score : head) score = static_cast<float>(random() % 50);
  }
  return scores;
}

size_t total(const std::vector<std::vector<uint32_t>>& kept) {
  size_t sum = 0;
  for (const auto& head : kept) sum += head.size();
  return sum;
}

void check_even(const Scores& scores, size_t recent, size_t budget) {
  const auto kept = select_slots(scores, recent, budget, 1);
  for (size_t h = 0; h < scores.size(); ++h) {
    ASSERT_EQ(kept[h].size(), std::min(budget, scores[h].size()));
    EXPECT_TRUE(std::ranges::is_sorted(kept[h], std::less_equal()) || kept[h].size() < 2);
    const std::set<uint32_t> slots(kept[h].begin(), kept[h].end());
    ASSERT_EQ(slots.size(), kept[h].size());
    const size_t newest = std::min({recent, budget, scores[h].size()});
    for (size_t i = 1; i <= newest; ++i)
      EXPECT_TRUE(slots.contains(static_cast<uint32_t>(scores[h].size() - i)));
    // Nothing that went is better than what stayed; of equals the newer stayed.
    const size_t old = scores[h].size() - std::min(recent, scores[h].size());
    for (uint32_t gone = 0; gone < old; ++gone) {
      if (slots.contains(gone)) continue;
      for (const uint32_t slot : slots) {
        if (slot >= old) continue;
        EXPECT_TRUE(scores[h][slot] > scores[h][gone] ||
                    (scores[h][slot] == scores[h][gone] && slot > gone));
      }
    }
  }
}

TEST(Selection, EvenShares) {
  for (uint32_t seed = 0; seed < 20; ++seed)
    for (const size_t budget : {0, 1, 30, 199, 200, 300})
      for (const size_t recent : {0, 1, 20, 250})
        check_even(random_scores({200, 200, 200}, seed), recent, budget);
}

TEST(Selection, AdaptiveSharesAddUpAndHaveTheirFloor) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    for (const double floor : {0.0, 0.2, 0.9}) {
      for (const size_t budget : {1, 30, 100, 150, 400}) {
        const Scores scores = random_scores({100, 200, 160}, seed);
        const auto kept = select_slots(scores, 10, budget, floor);
        EXPECT_EQ(total(kept), std::min<size_t>(3 * budget, 460));
        for (size_t h = 0; h < scores.size(); ++h)
          EXPECT_GE(
              kept[h].size(),
              std::min(scores[h].size(), static_cast<size_t>(floor * static_cast<double>(budget))));
      }
    }
  }
}

// Without a floor, the best of all heads: as if they were one.
TEST(Selection, TheBestOfAllHeads) {
  const Scores scores = {{1, 9, 2, 8}, {7, 3, 6, 4}, {0, 0, 0, 5}};
  EXPECT_EQ(select_slots(scores, 0, 2, 0),
            (std::vector<std::vector<uint32_t>>{{1, 3}, {0, 2, 3}, {3}}));
  EXPECT_EQ(select_slots(scores, 1, 2, 0),
            (std::vector<std::vector<uint32_t>>{{1, 3}, {0, 2, 3}, {3}}));
  EXPECT_EQ(select_slots(scores, 0, 2, 0.5),
            (std::vector<std::vector<uint32_t>>{{1, 3}, {0, 2, 3}, {3}}));
  EXPECT_EQ(select_slots(scores, 0, 2, 1),
            (std::vector<std::vector<uint32_t>>{{1, 3}, {0, 2}, {2, 3}}));
}

TEST(Selection, WhatIsNotANumberGoesFirst) {
  const Scores scores = {{NAN, 1, NAN, 2, -INFINITY}};
  EXPECT_EQ(select_slots(scores, 0, 2, 1).front(), (std::vector<uint32_t>{1, 3}));
  EXPECT_EQ(select_slots(scores, 0, 3, 1).front(), (std::vector<uint32_t>{1, 3, 4}));
}

}  // namespace
}  // namespace fathom
