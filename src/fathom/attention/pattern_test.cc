// What every registered pattern keeps, whatever it sees: bounds, textures and specifications that
// agree with its sees().
#include "fathom/attention/pattern.h"

#include <algorithm>
#include <map>
#include <random>

#include "fathom/attention/test_patterns.h"

namespace fathom {
namespace {

using Rectangle = std::pair<PositionRange, PositionRange>;  // queries, keys

// Pairs seen, as bits in the rectangle's own coordinates.
std::vector<bool> bits_of(const Pattern& pattern, const Rectangle& rectangle) {
  const auto& [queries, keys] = rectangle;
  std::vector<bool> bits;
  for (int64_t q = queries.begin.value; q < queries.end.value; ++q)
    for (int64_t k = keys.begin.value; k < keys.end.value; ++k)
      bits.push_back(pattern.sees({q}, {k}));
  return bits;
}

std::string text_of(const Pattern& pattern, const Rectangle& rectangle) {
  const auto& [queries, keys] = rectangle;
  return pattern.spec() + " queries " + std::to_string(queries.begin.value) + ".." +
         std::to_string(queries.end.value) + " keys " + std::to_string(keys.begin.value) + ".." +
         std::to_string(keys.end.value);
}

void expect_bound(const Pattern& pattern, const Rectangle& rectangle) {
  const std::vector<bool> bits = bits_of(pattern, rectangle);
  const Coverage bound = pattern.cover(rectangle.first, rectangle.second);
  const auto seen = static_cast<size_t>(std::count(bits.begin(), bits.end(), true));
  ASSERT_TRUE(bound != Coverage::empty || seen == 0) << text_of(pattern, rectangle);
  ASSERT_TRUE(bound != Coverage::full || seen == bits.size()) << text_of(pattern, rectangle);
}

// Every rectangle with sides of up to 12 positions near the origin.
TEST(Patterns, BoundsKeepTheirPromises) {
  constexpr int64_t n = 12;
  for (const std::string_view spec : all_specs()) {
    const PatternPtr pattern = pattern_of(spec);
    for (int64_t q0 = 0; q0 < n; ++q0)
      for (int64_t q1 = q0 + 1; q1 <= n; ++q1)
        for (int64_t k0 = 0; k0 < n; ++k0)
          for (int64_t k1 = k0 + 1; k1 <= n; ++k1)
            ASSERT_NO_FATAL_FAILURE(expect_bound(*pattern, {{{q0}, {q1}}, {{k0}, {k1}}}));
  }
}

PositionRange random_range(std::mt19937_64& random, int64_t near, int64_t spread) {
  const int64_t begin =
      std::max<int64_t>(0, near + static_cast<int64_t>(random() % uint64_t(2 * spread)) - spread);
  return {{begin}, {begin + 1 + static_cast<int64_t>(random() % 130)}};
}

// Rectangles of up to 130 positions anywhere in a long text, near the diagonal and far from it.
TEST(Patterns, BoundsKeepTheirPromisesInLongTexts) {
  constexpr int64_t n = 1'000'000;
  std::mt19937_64 random(11);
  for (const std::string_view spec : all_specs()) {
    const PatternPtr pattern = pattern_of(spec);
    for (int i = 0; i < 60; ++i) {
      const auto near = static_cast<int64_t>(random() % uint64_t{n});
      const PositionRange queries = random_range(random, near, 200);
      const PositionRange keys = random_range(random,
                                              i % 3 == 0   ? 0
                                              : i % 3 == 1 ? near
                                                           : n / 2,
                                              i % 3 == 2 ? n / 2 : 300);
      ASSERT_NO_FATAL_FAILURE(expect_bound(*pattern, {queries, keys}));
    }
  }
}

// Blocks of 64 and others, in every phase: equal numbers, equal bits.
TEST(Patterns, EqualTexturesShowEqualBits) {
  std::mt19937_64 random(5);
  for (const std::string_view spec : all_specs()) {
    const PatternPtr pattern = pattern_of(spec);
    std::map<std::vector<int64_t>, Rectangle> known;
    for (int i = 0; i < 2500; ++i) {
      const int64_t size = i % 4 == 0 ? 5 : 64;
      const auto q = static_cast<int64_t>(random() % (i % 2 == 0 ? 12 : 500)) * (size / 2);
      const auto k = static_cast<int64_t>(random() % (i % 2 == 0 ? 12 : 500)) * (size / 2);
      const Rectangle rectangle = {{{q}, {q + size}}, {{k}, {k + size}}};
      std::vector<int64_t> numbers = {size};
      if (pattern->cover(rectangle.first, rectangle.second) != Coverage::partial) continue;
      if (!pattern->texture(rectangle.first, rectangle.second, numbers)) continue;
      const auto [found, fresh] = known.emplace(numbers, rectangle);
      if (fresh) continue;
      ASSERT_EQ(bits_of(*pattern, rectangle), bits_of(*pattern, found->second))
          << text_of(*pattern, rectangle) << " and " << text_of(*pattern, found->second);
    }
  }
}

TEST(Patterns, EachHasExamplesThatReadBack) {
  for (const PatternPlugin* plugin : patterns::all())
    EXPECT_FALSE(plugin->examples.empty()) << plugin->name;
  for (const std::string_view example : all_specs()) {
    const std::string spec = pattern_of(example)->spec();
    EXPECT_EQ(pattern_of(spec)->spec(), spec) << example;
  }
}

// Else a clause of a specification could not begin with its name.
TEST(Patterns, NoneIsNamedLikeASelector) {
  for (const PatternPlugin* plugin : patterns::all())
    for (const std::string_view word : {"even", "odd", "heads"}) EXPECT_NE(plugin->name, word);
}

}  // namespace
}  // namespace fathom
