// Plans against the patterns they come from: every pair, every bound, and what planning costs.
#include "fathom/attention/planner.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <random>
#include <string_view>

#include <gtest/gtest.h>

#include "fathom/attention/compose.h"
#include "fathom/attention/test_patterns.h"

namespace fathom {
namespace {

// Every other key, seen through the loosest of bounds.
class Checkerboard final : public Pattern {
 public:
  bool sees(Position query, Position key) const override {
    return (query.value + key.value) % 2 == 0;
  }
  Coverage cover(PositionRange, PositionRange) const override { return Coverage::partial; }
  std::string spec() const override { return "checkerboard"; }
};

// A random part of the blocks of keys, the same for all queries, with exact bounds.
class RandomColumns final : public Pattern {
 public:
  RandomColumns(size_t columns, int64_t width, std::mt19937& random) : width_(width) {
    for (size_t i = 0; i < columns; ++i) sees_.push_back(random() % 2 == 0);
  }
  bool sees(Position, Position key) const override {
    return sees_[static_cast<size_t>(key.value / width_)];
  }
  Coverage cover(PositionRange queries, PositionRange keys) const override {
    const bool first = sees(queries.begin, keys.begin);
    for (int64_t k = keys.begin.value; k < keys.end.value; ++k)
      if (sees(queries.begin, {k}) != first) return Coverage::partial;
    return first ? Coverage::full : Coverage::empty;
  }
  std::string spec() const override { return "columns"; }

 private:
  int64_t width_;
  std::vector<bool> sees_;
};

std::vector<PatternPtr> patterns_to_test() {
  std::mt19937 random(7);
  std::vector<PatternPtr> found = {
      std::make_shared<Checkerboard>(), std::make_shared<RandomColumns>(1000, 1, random),
      std::make_shared<RandomColumns>(50, 64, random),
      intersect(pattern_of("window(size=100)"), std::make_shared<Checkerboard>())};
  for (const std::string_view spec : all_specs()) found.push_back(pattern_of(spec));
  return found;
}

// The pairs of a plan as bits, [queries][slots]; checks that no pair is there twice, that no mask
// row past the last query has a bit, and that runs are in order, inside the keys and coalesced.
std::vector<std::vector<bool>> pairs_of(const BlockPlan& plan, int64_t keys) {
  const auto slots = static_cast<size_t>(keys);
  std::vector<std::vector<bool>> pairs(plan.queries, std::vector<bool>(slots, false));
  for (size_t b = 0; b < plan.query_blocks(); ++b) {
    const KeyRun* previous = nullptr;
    for (const KeyRun& run : plan.runs_of(b)) {
      EXPECT_GT(run.count, 0u);
      if (previous != nullptr) {
        EXPECT_GE(run.first, previous->first + previous->count);
        EXPECT_FALSE(run.first == previous->first + previous->count && run.mask == previous->mask);
      }
      previous = &run;
      for (size_t i = 0; i < kBlock; ++i) {
        const size_t q = b * kBlock + i;
        const uint64_t row =
            run.mask == KeyRun::kFull ? ~uint64_t{0} : plan.masks.at(run.mask).rows[i];
        if (q >= plan.queries) {
          EXPECT_TRUE(row == 0 || run.mask == KeyRun::kFull);
          continue;
        }
        for (size_t j = 0; j < size_t{run.count} * kBlock; ++j) {
          if ((row >> (j % kBlock) & 1) == 0) continue;
          const size_t slot = run.first * kBlock + j;
          if (slot >= slots) {
            ADD_FAILURE() << "slot " << slot << " is past the keys";
            return pairs;
          }
          EXPECT_FALSE(pairs[q][slot]) << "pair " << q << ", " << slot << " is there twice";
          pairs[q][slot] = true;
        }
      }
    }
  }
  return pairs;
}

void expect_exact(const Pattern& pattern, const PlanRequest& request) {
  const BlockPlan plan = plan_blocks(pattern, request);
  ASSERT_EQ(plan.queries, static_cast<size_t>(request.queries.size()));
  ASSERT_EQ(plan.query_blocks(), (plan.queries + kBlock - 1) / kBlock);
  const auto pairs = pairs_of(plan, request.keys.size());
  for (int64_t i = 0; i < request.queries.size(); ++i) {
    for (int64_t j = 0; j < request.keys.size(); ++j) {
      const Position q{request.queries.begin.value + i};
      const Position k{request.keys.begin.value + j};
      const bool wanted = pattern.sees(q, k) && (!request.causal || k <= q);
      ASSERT_EQ(pairs[static_cast<size_t>(i)][static_cast<size_t>(j)], wanted)
          << "query " << q.value << ", key " << k.value;
    }
  }
  for (const BlockMask& mask : plan.masks)
    EXPECT_EQ(std::ranges::count(plan.masks, mask), 1) << "a mask is not interned";
}

TEST(Planner, ScoresExactlyWhatThePatternSees) {
  const int64_t offsets[] = {0, 1, 37, 63, 64, 65, 130, 192};
  const int64_t counts[] = {1, 2, 63, 64, 65, 150};
  for (const PatternPtr& pattern : patterns_to_test()) {
    for (const int64_t offset : offsets) {
      for (const int64_t count : counts) {
        for (const bool causal : {true, false}) {
          SCOPED_TRACE(testing::Message() << pattern->spec() << " offset " << offset << " count "
                                          << count << " causal " << causal);
          const Position begin{offset};
          const Position end{offset + count};
          ASSERT_NO_FATAL_FAILURE(expect_exact(
              *pattern, {.queries = {begin, end}, .keys = {{0}, end}, .causal = causal}));
        }
      }
    }
  }
}

TEST(Planner, ServesKeysThatDoNotBeginAtZeroAndQueriesBeforeOrAfterThem) {
  for (const PatternPtr& pattern : patterns_to_test()) {
    SCOPED_TRACE(pattern->spec());
    for (const bool causal : {true, false}) {
      expect_exact(*pattern, {{{100}, {170}}, {{70}, {170}}, causal});
      expect_exact(*pattern, {{{100}, {170}}, {{131}, {300}}, causal});
      expect_exact(*pattern, {{{10}, {75}}, {{100}, {300}}, causal});
      expect_exact(*pattern, {{{300}, {301}}, {{3}, {67}}, causal});
    }
  }
}

TEST(Planner, AnEmptyCallOrCacheHasNoRuns) {
  const PatternPtr full = pattern_of("full");
  const BlockPlan no_queries = plan_blocks(*full, {{{5}, {5}}, {{0}, {5}}});
  EXPECT_EQ(no_queries.query_blocks(), 0u);
  const BlockPlan no_keys = plan_blocks(*full, {{{0}, {100}}, {{0}, {0}}});
  EXPECT_EQ(no_keys.query_blocks(), 2u);
  EXPECT_TRUE(no_keys.runs.empty());
}

TEST(Planner, FullCausalIsAtMostTwoRunsABlockAndOneMask) {
  const BlockPlan plan = plan_blocks(*pattern_of("full"), {{{0}, {640}}, {{0}, {640}}});
  EXPECT_EQ(plan.runs.size(), 19u);  // the first block has its diagonal only
  EXPECT_EQ(plan.masks.size(), 1u);
  EXPECT_EQ(plan.runs_of(9)[0], (KeyRun{.first = 0, .count = 9}));
  EXPECT_EQ(plan.runs_of(9)[1], (KeyRun{.first = 9, .count = 1, .mask = 0}));
}

TEST(Planner, EqualNeighboursAreOneRun) {
  const BlockPlan plan =
      plan_blocks(Checkerboard(), {.queries = {{0}, {64}}, .keys = {{0}, {640}}, .causal = false});
  EXPECT_EQ(plan.masks.size(), 1u);
  ASSERT_EQ(plan.runs.size(), 1u);
  EXPECT_EQ(plan.runs[0], (KeyRun{.first = 0, .count = 10, .mask = 0}));
}

TEST(Planner, ALooselyBoundedFullBlockIsStillFull) {
  class Loose final : public Pattern {
   public:
    bool sees(Position, Position) const override { return true; }
    Coverage cover(PositionRange, PositionRange) const override { return Coverage::partial; }
    std::string spec() const override { return "loose"; }
  };
  const PlanRequest request = {{{60}, {200}}, {{0}, {200}}};
  const BlockPlan loose = plan_blocks(Loose(), request);
  const BlockPlan tight = plan_blocks(*pattern_of("full"), request);
  EXPECT_EQ(loose.run_begin, tight.run_begin);
  EXPECT_EQ(loose.runs, tight.runs);
  EXPECT_EQ(loose.masks, tight.masks);
}

// Counts how often the planner asks: the cost of planning, whatever the machine.
class Counted final : public Pattern {
 public:
  explicit Counted(PatternPtr pattern) : pattern_(std::move(pattern)) {}
  bool sees(Position query, Position key) const override {
    ++asked;
    return pattern_->sees(query, key);
  }
  Coverage cover(PositionRange queries, PositionRange keys) const override {
    ++asked;
    return pattern_->cover(queries, keys);
  }
  bool texture(PositionRange queries, PositionRange keys,
               std::vector<int64_t>& numbers) const override {
    ++asked;
    return pattern_->texture(queries, keys, numbers);
  }
  std::string spec() const override { return pattern_->spec(); }
  mutable uint64_t asked = 0;

 private:
  PatternPtr pattern_;
};

uint64_t pairs_in(const BlockPlan& plan) {
  uint64_t pairs = 0;
  for (size_t b = 0; b < plan.query_blocks(); ++b) {
    const uint64_t queries = std::min(kBlock, plan.queries - b * kBlock);
    for (const KeyRun& run : plan.runs_of(b)) {
      uint64_t in_block = queries * kBlock;
      if (run.mask != KeyRun::kFull) {
        in_block = 0;
        for (const uint64_t row : plan.masks[run.mask].rows)
          in_block += static_cast<uint64_t>(std::popcount(row));
      }
      pairs += in_block * run.count;
    }
  }
  return pairs;
}

TEST(Planner, AMillionTokens) {
  constexpr int64_t n = 1'000'000;
  constexpr uint64_t blocks = n / kBlock;
  {
    const Counted full(pattern_of("full"));
    const BlockPlan plan = plan_blocks(full, {{{0}, {n}}, {{0}, {n}}});
    EXPECT_EQ(pairs_in(plan), uint64_t{n} * (n + 1) / 2);
    EXPECT_EQ(plan.masks.size(), 1u);
    EXPECT_LE(plan.runs.size(), 2 * blocks);
    EXPECT_LE(full.asked, blocks * (kBlock * kBlock + 64));
  }
  {
    constexpr int64_t w = 4096;
    const Counted window(pattern_of("window(size=4096)"));
    const BlockPlan plan = plan_blocks(window, {{{0}, {n}}, {{0}, {n}}});
    EXPECT_EQ(pairs_in(plan), uint64_t{w} * (w + 1) / 2 + uint64_t{n - w} * w);
    EXPECT_LE(plan.masks.size(), 2u);
    EXPECT_LE(plan.runs.size(), 3 * blocks);
    EXPECT_LE(window.asked, blocks * (2 * kBlock * kBlock + 128));
  }
}

// What planning asks follows the runs, and masks follow the pattern's period, not the text's
// length.
TEST(Planner, AMillionTokensOfTokenGranularPatternsShareFewMasks) {
  constexpr int64_t n = 1'000'000;
  constexpr uint64_t blocks = n / kBlock;
  const struct {
    const char* spec;
    size_t most_masks;  // blocks of a period, one more each where a window or diagonal cuts
  } cases[] = {{"strided(stride=1024)", 3},
               {"every(step=4096)", 3},
               {"dilated(size=256, gap=96)", 2 * 3 + 12},
               {"fixed(block=4096, summary=8)", 4},
               {"sinks(count=100) | window(size=1000)", 8},
               {"bigbird", 2},
               {"longformer", 8}};
  for (const auto& [spec, most_masks] : cases) {
    const Counted pattern(pattern_of(spec));
    const BlockPlan plan = plan_blocks(pattern, {{{0}, {n}}, {{0}, {n}}});
    EXPECT_LE(plan.masks.size(), most_masks) << spec;
    EXPECT_LE(plan.runs.size(), 500 * blocks) << spec;
    EXPECT_LE(pattern.asked, 64 * plan.runs.size() + 20 * kBlock * kBlock) << spec;
  }
}

TEST(Planner, OneDecodedTokenAfterAMillionAsksForAtMostTwoRows) {
  constexpr int64_t n = 1'000'000;
  for (const char* spec : {"full", "window(size=4000)"}) {
    const Counted pattern(pattern_of(spec));
    const BlockPlan plan = plan_blocks(pattern, {{{n}, {n + 1}}, {{0}, {n + 1}}});
    EXPECT_LE(plan.runs.size(), 3u) << spec;
    EXPECT_LE(pattern.asked, 2 * kBlock + 128) << spec;
  }
}

}  // namespace
}  // namespace fathom
