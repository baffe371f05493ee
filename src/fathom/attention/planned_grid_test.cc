// Grids against the patterns whose plans they are read off, and plans that are wrong.
#include "fathom/attention/planned_grid.h"

#include <gtest/gtest.h>

#include "fathom/attention/key_index.h"
#include "fathom/attention/test_patterns.h"

namespace fathom {
namespace {

void expect_what_it_sees(const PatternPtr& pattern, const PlanRequest& request) {
  const auto rows = planned_grid(plan_head(pattern, request, request.keys.end.value), request);
  ASSERT_TRUE(rows.ok()) << rows.error().message;
  ASSERT_EQ(rows->size(), static_cast<size_t>(request.queries.size()));
  for (Position query = request.queries.begin; query < request.queries.end; ++query.value) {
    std::vector<int64_t> wanted;
    for (Position key = request.keys.begin; key < request.keys.end; ++key.value)
      if (pattern->sees(query, key) && (!request.causal || key <= query))
        wanted.push_back(key.value);
    ASSERT_EQ((*rows)[static_cast<size_t>(query.value - request.queries.begin.value)], wanted)
        << "query " << query.value;
  }
}

// What a pattern that depends on content sees is settled by its index alone.
bool depends_on_content(const Pattern& pattern) {
  return pattern.index({.head_dim = 64, .context = 1024}) != nullptr;
}

TEST(PlannedGrid, IsWhatThePatternSees) {
  for (const std::string_view spec : all_specs()) {
    const PatternPtr pattern = pattern_of(spec);
    if (depends_on_content(*pattern)) continue;
    for (const bool causal : {true, false}) {
      for (const int64_t tokens : {1, 64, 65, 200}) {
        SCOPED_TRACE(testing::Message() << spec << " tokens " << tokens << " causal " << causal);
        expect_what_it_sees(pattern, {{{0}, {tokens}}, {{0}, {tokens}}, causal});
      }
      SCOPED_TRACE(testing::Message() << spec << " in the middle, causal " << causal);
      expect_what_it_sees(pattern, {{{100}, {170}}, {{0}, {230}}, causal});
    }
  }
}

// Keys 1, 3, 5, ... in one lane, the even ones in the other; queries look at their own.
class EvenAndOdd final : public KeyOrder {
 public:
  int64_t lanes() const override { return 2; }
  std::optional<Place> place(Position key) const override {
    return Place{key.value % 2, key.value / 2};
  }
  Position key_at(Place place) const override { return {place.index * 2 + place.lane}; }
  int64_t count(int64_t lane, Position end) const override { return (end.value - lane + 1) / 2; }
  int64_t lane_of(Position query) const override { return query.value % 2; }
  std::string name() const override { return "even and odd"; }
};

// One query block with one run.
PlannedTerm one_run(size_t queries, KeyRun run, std::vector<BlockMask> masks = {}) {
  PlannedTerm term;
  term.plan.queries = queries;
  term.plan.run_begin = {0, 1};
  term.plan.runs = {run};
  term.plan.masks = std::move(masks);
  return term;
}

HeadPlan plan_of(std::vector<PlannedTerm> terms) {
  return {.pattern = nullptr, .terms = std::move(terms)};
}

TEST(PlannedGrid, FollowsTheOrdersOfKeysAndOfQueries) {
  PlannedTerm term = one_run(3, {.first = 3, .count = 1, .mask = 0}, {{{0b101, 0b10}}});
  term.order = std::make_shared<EvenAndOdd>();
  term.plan.order = {2, 0};
  term.plan.block_begin = {0, 2};
  // Block 3 of two lanes is the odd lane's second: keys 129, 131, ...
  const auto rows = planned_grid(plan_of({term}), {{{200}, {203}}, {{0}, {203}}});
  ASSERT_TRUE(rows.ok()) << rows.error().message;
  EXPECT_EQ(*rows, (KeyRows{{131}, {}, {129, 133}}));
}

TEST(PlannedGrid, SlotsCountFromTheFirstKey) {
  const PlannedTerm term = one_run(1, {.first = 1, .count = 1, .mask = 0}, {{{0b11}}});
  const auto rows = planned_grid(plan_of({term}), {{{300}, {301}}, {{100}, {301}}});
  ASSERT_TRUE(rows.ok()) << rows.error().message;
  EXPECT_EQ(*rows, (KeyRows{{164, 165}}));
}

TEST(PlannedGrid, APairTwiceIsAnError) {
  PlannedTerm odd = one_run(1, {.first = 1, .count = 1, .mask = 0}, {{{0b100}}});
  odd.order = std::make_shared<EvenAndOdd>();
  const PlannedTerm all = one_run(1, {.first = 0, .count = 1});
  const PlanRequest request = {{{70}, {71}}, {{0}, {71}}};
  ASSERT_TRUE(planned_grid(plan_of({all}), request).ok());
  const auto rows = planned_grid(plan_of({odd, all}), request);
  ASSERT_FALSE(rows.ok());
  EXPECT_NE(rows.error().message.find("query 70 scores key 5 twice"), std::string::npos)
      << rows.error().message;
}

TEST(PlannedGrid, AKeyThatIsNotThereIsAnError) {
  PlannedTerm term = one_run(1, {.first = 0, .count = 1});
  EXPECT_FALSE(planned_grid(plan_of({term}), {{{62}, {63}}, {{0}, {63}}}).ok());
  EXPECT_TRUE(planned_grid(plan_of({term}), {{{63}, {64}}, {{0}, {64}}}).ok());
  term.order = std::make_shared<EvenAndOdd>();
  EXPECT_FALSE(planned_grid(plan_of({term}), {{{99}, {100}}, {{0}, {100}}}).ok());
  EXPECT_TRUE(planned_grid(plan_of({term}), {{{127}, {128}}, {{0}, {128}}}).ok());
}

}  // namespace
}  // namespace fathom
