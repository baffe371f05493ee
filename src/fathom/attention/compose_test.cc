// Unions, intersections and differences against their sides, pair by pair.
#include "fathom/attention/compose.h"

#include <vector>

#include "fathom/attention/test_patterns.h"

namespace fathom {
namespace {

// A pair of sides, and what each join sees.
struct Joined {
  PatternPtr pattern;
  bool (*sees)(bool a, bool b);
};

std::vector<Joined> joins(const PatternPtr& a, const PatternPtr& b) {
  return {{unite(a, b), [](bool x, bool y) { return x || y; }},
          {intersect(a, b), [](bool x, bool y) { return x && y; }},
          {subtract(a, b), [](bool x, bool y) { return x && !y; }}};
}

std::vector<PatternPtr> sides() {
  std::vector<PatternPtr> found = {everything()};
  for (const char* spec : {"window(size=5)", "every(step=3)", "strided(stride=4)",
                           "fixed(block=6, summary=2)", "globals(at=[2, 7, 8])", "sinks"})
    found.push_back(pattern_of(spec));
  return found;
}

TEST(Compose, SeesWhatItsSidesSay) {
  for (const PatternPtr& a : sides())
    for (const PatternPtr& b : sides())
      for (const auto& [pattern, sees] : joins(a, b))
        for (int64_t q = 0; q < 30; ++q)
          for (int64_t k = 0; k < 30; ++k)
            ASSERT_EQ(pattern->sees({q}, {k}), sees(a->sees({q}, {k}), b->sees({q}, {k})))
                << pattern->spec() << ": query " << q << ", key " << k;
}

// Every rectangle near the origin.
TEST(Compose, BoundsKeepTheirPromises) {
  constexpr int64_t n = 9;
  for (const PatternPtr& a : sides()) {
    for (const PatternPtr& b : sides()) {
      for (const auto& [pattern, sees] : joins(a, b)) {
        for (int64_t q0 = 0; q0 < n; ++q0)
          for (int64_t q1 = q0 + 1; q1 <= n; ++q1)
            for (int64_t k0 = 0; k0 < n; ++k0)
              for (int64_t k1 = k0 + 1; k1 <= n; ++k1) {
                int64_t seen = 0;
                for (int64_t q = q0; q < q1; ++q)
                  for (int64_t k = k0; k < k1; ++k) seen += pattern->sees({q}, {k}) ? 1 : 0;
                const Coverage bound = pattern->cover({{q0}, {q1}}, {{k0}, {k1}});
                ASSERT_TRUE(bound != Coverage::empty || seen == 0) << pattern->spec();
                ASSERT_TRUE(bound != Coverage::full || seen == (q1 - q0) * (k1 - k0))
                    << pattern->spec();
              }
      }
    }
  }
}

// Of sides whose bounds are sharp so is the difference's, where either is not partial.
TEST(Compose, ADifferenceIsAsSharpAsItsSides) {
  const PatternPtr pattern =
      subtract(pattern_of("window(size=100)"), pattern_of("window(size=10)"));
  EXPECT_EQ(pattern->cover({{50}, {60}}, {{20}, {30}}), Coverage::full);
  EXPECT_EQ(pattern->cover({{50}, {55}}, {{50}, {55}}), Coverage::empty) << "all of it is taken";
  EXPECT_EQ(pattern->cover({{500}, {510}}, {{0}, {300}}), Coverage::empty) << "none was there";
  EXPECT_EQ(pattern->cover({{50}, {60}}, {{40}, {45}}), Coverage::partial);
  EXPECT_EQ(subtract(everything(), everything())->cover({{0}, {1}}, {{0}, {1}}), Coverage::empty);
}

// Positions that are no range, as lanes have them, and fewer than a word has bits.
TEST(Compose, MasksAreWhatItSees) {
  std::vector<Position> queries, keys;
  for (int64_t i = 0; i < 64; ++i) queries.push_back({3 * i + i % 2});
  for (int64_t i = 0; i < 61; ++i) keys.push_back({i * i / 20});
  for (const PatternPtr& a : sides()) {
    for (const PatternPtr& b : sides()) {
      for (const auto& [pattern, sees] : joins(a, b)) {
        for (const size_t count : {size_t{1}, size_t{33}, queries.size()}) {
          std::vector<uint64_t> rows(count, 0xdeadbeef);
          pattern->mask(std::span(queries).first(count), keys, rows);
          for (size_t i = 0; i < count; ++i)
            for (size_t j = 0; j < 64; ++j)
              ASSERT_EQ((rows[i] >> j & 1) != 0,
                        j < keys.size() && pattern->sees(queries[i], keys[j]))
                  << pattern->spec() << ": " << i << ", " << j;
        }
      }
    }
  }
}

}  // namespace
}  // namespace fathom
