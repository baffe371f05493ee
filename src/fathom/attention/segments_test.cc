#include "fathom/attention/segments.h"

#include <random>

#include <gtest/gtest.h>

namespace fathom {
namespace {

constexpr Segments::Shape kShapes[] = {{1, 2, 2},    {1, 6, 2, 3}, {5, 3, 3, 20}, {16, 3, 4},
                                       {7, 4, 2, 1}, {64, 5, 8},   {3, 3, 3, 900}};

std::vector<TextEnd> random_ends(size_t tokens, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<TextEnd> ends(tokens);
  for (TextEnd& end : ends) {
    const uint32_t draw = random() % 60;
    end = draw == 0  ? TextEnd::section
          : draw < 4 ? TextEnd::paragraph
          : draw < 9 ? TextEnd::sentence
                     : TextEnd::nothing;
  }
  return ends;
}

// Every query's parts, as soon as its token is there, tile its past but for the first tokens with
// complete segments.
void expect_parts(const Segments::Shape& shape, const std::vector<TextEnd>* ends) {
  constexpr int64_t kTokens = 700;
  Segments segments(shape, 100 * kTokens);
  EXPECT_EQ(segments.top(), static_cast<size_t>(shape.levels - 1));
  std::vector<PositionRange> earlier(segments.top() + 1);
  for (int64_t q = 0; q < kTokens; ++q) {
    segments.append(ends == nullptr ? std::nullopt
                                    : std::optional((*ends)[static_cast<size_t>(q)]));
    Position end{std::max(q + 1, shape.first)};
    for (size_t level = 0; level <= segments.top(); ++level) {
      const PositionRange part = segments.part(level, {q});
      ASSERT_EQ(part.end, end) << "level " << level << ", query " << q;
      const int64_t past = std::max<int64_t>(0, q + 1 - shape.first);
      ASSERT_GE(part.size(), level == 0 ? std::min(shape.window, past) : 0);
      ASSERT_TRUE(earlier[level].begin <= part.begin && earlier[level].end <= part.end);
      earlier[level] = part;
      end = part.begin;
      if (level == 0) continue;
      const std::span<const int64_t> begins = segments.begins(level);
      for (const Position bound : {part.begin, part.end})
        ASSERT_TRUE(std::ranges::binary_search(begins, bound.value))
            << "level " << level << " has no segment at " << bound.value;
    }
    ASSERT_EQ(end, Position{shape.first});
  }
}

TEST(Segments, PartsTileThePast) {
  const std::vector<TextEnd> ends = random_ends(700, 3);
  for (const Segments::Shape& shape : kShapes) {
    expect_parts(shape, nullptr);
    expect_parts(shape, &ends);
  }
}

TEST(Segments, PartsAreOfTheTextSoFar) {
  for (const Segments::Shape& shape : kShapes) {
    Segments growing(shape, 500);
    Segments whole(shape, 5000);
    for (int i = 0; i < 500; ++i) whole.append(std::nullopt);
    for (int64_t q = 0; q < 500; ++q) {
      growing.append(std::nullopt);
      for (size_t level = 0; level <= whole.top(); ++level) {
        const PositionRange part = whole.part(level, {q});
        if (level > growing.top()) {
          ASSERT_EQ(part.size(), 0);
        } else {
          ASSERT_EQ(growing.part(level, {q}), part) << "level " << level << ", query " << q;
        }
      }
    }
  }
}

// Without structure: level l has fan^l tokens a segment, and parts reach back by what the window is
// of each level's segments.
TEST(Segments, HaveTheirLengthsWhereNothingIsKnown) {
  Segments segments({.window = 10, .levels = 4, .fan = 3, .first = 2}, 5000);
  for (int i = 0; i < 2000; ++i) segments.append(std::nullopt);
  const int64_t reaches[] = {0, 10, 10 + 30, 10 + 30 + 90};
  int64_t length = 1;
  for (size_t level = 1; level <= 3; ++level) {
    length *= 3;
    const std::span<const int64_t> begins = segments.begins(level);
    EXPECT_EQ(begins.size(), static_cast<size_t>(1998 / length + 1));
    for (size_t i = 0; i < begins.size(); ++i)
      EXPECT_EQ(begins[i], 2 + static_cast<int64_t>(i) * length);
    for (int64_t q = 0; q < 2000; ++q)
      EXPECT_EQ(segments.part(level, {q}).end.value,
                2 + std::max<int64_t>(0, q + 1 - 2 - reaches[level]) / length * length);
  }
}

TEST(Segments, LeaveOutLevelsThatAreTooCoarse) {
  const auto top = [](Segments::Shape shape, int64_t context) {
    return Segments(shape, context).top();
  };
  EXPECT_EQ(top({100, 3, 8}, 100), 0u);
  EXPECT_EQ(top({100, 3, 8}, 101), 1u);
  EXPECT_EQ(top({100, 3, 8}, 900), 1u);
  EXPECT_EQ(top({100, 3, 8}, 901), 2u);
  EXPECT_EQ(top({100, 3, 8, 5}, 905), 1u);
  EXPECT_EQ(top({100, 3, 8, 5}, 906), 2u);
  EXPECT_EQ(top({1, INT64_MAX, 2}, 1000), 9u);
  EXPECT_EQ(top({INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX}, INT64_MAX), 0u);
  EXPECT_EQ(top({1, INT64_MAX, INT64_MAX}, INT64_MAX), 1u);
}

TEST(Segments, EndWhereTheTextDoes) {
  Segments segments({.window = 1, .levels = 3, .fan = 4}, 1000);
  using enum TextEnd;
  const auto append = [&](int64_t tokens, TextEnd last) {
    for (int64_t i = 1; i < tokens; ++i) segments.append(nothing);
    return segments.append(last);
  };
  EXPECT_EQ(append(1, sentence), 0u) << "one token is less than half of 4";
  EXPECT_EQ(append(1, sentence), 1u);
  EXPECT_EQ(append(8, nothing), 1u) << "8 are twice 4";
  EXPECT_EQ(append(3, section), 2u) << "a section ends what a paragraph would";
  EXPECT_EQ(append(1, sentence), 0u);
  EXPECT_EQ(append(6, paragraph), 1u) << "7 tokens are less than half of 16";
  EXPECT_EQ(append(1, paragraph), 2u) << "and ends level 1 after a single token";
  const std::span<const int64_t> fine = segments.begins(1);
  const std::span<const int64_t> coarse = segments.begins(2);
  EXPECT_EQ(std::vector(fine.begin(), fine.end()), (std::vector<int64_t>{0, 2, 10, 13, 20, 21}));
  EXPECT_EQ(std::vector(coarse.begin(), coarse.end()), (std::vector<int64_t>{0, 13, 21}));
}

TEST(Segments, HaveFromHalfToTwiceTheirLength) {
  const std::vector<TextEnd> ends = random_ends(20000, 8);
  Segments segments({.window = 4, .levels = 4, .fan = 4}, 20000);
  for (const TextEnd end : ends) segments.append(end);
  int64_t length = 1;
  for (size_t level = 1; level <= 3; ++level) {
    length *= 4;
    const std::span<const int64_t> begins = segments.begins(level);
    const std::span<const int64_t> above = segments.begins(std::min<size_t>(level + 1, 3));
    for (size_t i = 1; i < begins.size(); ++i) {
      const int64_t size = begins[i] - begins[i - 1];
      const bool cut_off = level < 3 && std::ranges::binary_search(above, begins[i]);
      ASSERT_LE(size, 2 * length);
      ASSERT_TRUE(cut_off || 2 * size >= length) << "level " << level << " at " << begins[i];
      ASSERT_TRUE(cut_off || size == 2 * length ||
                  static_cast<size_t>(ends[static_cast<size_t>(begins[i] - 1)]) >= level);
    }
  }
}

}  // namespace
}  // namespace fathom
