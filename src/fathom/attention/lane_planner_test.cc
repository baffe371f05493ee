// Plans over keys in other orders against the patterns they come from, pair by pair.
#include <algorithm>
#include <set>

#include "fathom/attention/compose.h"
#include "fathom/attention/key_orders.h"
#include "fathom/attention/planned_grid.h"
#include "fathom/attention/test_patterns.h"

namespace fathom {
namespace {

// Every third diagonal, seen through the loosest of bounds.
class Loose final : public Pattern {
 public:
  bool sees(Position query, Position key) const override {
    return (query.value + 2 * key.value) % 3 == 0;
  }
  Coverage cover(PositionRange, PositionRange) const override { return Coverage::partial; }
  std::string spec() const override { return "loose"; }
};

// Residues of which a query looks only at the newest keys of those before it.
class Newest final : public KeyOrder {
 public:
  Newest(int64_t period, int64_t newest)
      : residues_(residue_lanes(period)), period_(period), newest_(newest) {}
  int64_t lanes() const override { return period_; }
  std::optional<Place> place(Position key) const override { return residues_->place(key); }
  Position key_at(Place place) const override { return residues_->key_at(place); }
  int64_t count(int64_t lane, Position end) const override { return residues_->count(lane, end); }
  int64_t lane_of(Position query) const override { return residues_->lane_of(query); }
  Range window(Position query, int64_t count) const override {
    const int64_t before = residues_->count(lane_of(query), query);
    return {std::max<int64_t>(0, before - newest_), std::min(count, before)};
  }
  std::string name() const override { return "newest of " + residues_->name(); }

 private:
  KeyOrderPtr residues_;
  int64_t period_, newest_;
};

const std::vector<KeyOrderPtr>& orders() {
  static const std::vector<KeyOrderPtr> all = {
      residue_lanes(1),         residue_lanes(2),
      residue_lanes(7),         residue_lanes(64),
      residue_lanes(300),       residue_subset(3, 0, 1),
      residue_subset(10, 8, 2), residue_subset(64, 1, 60),
      residue_subset(5, 0, 5),  listed_keys({}),
      listed_keys({3}),         listed_keys({0, 5, 63, 64, 65, 130, 249})};
  return all;
}

std::vector<PatternPtr> patterns_within() {
  return {everything(),
          std::make_shared<Loose>(),
          pattern_of("window(size=1)"),
          pattern_of("window(size=90)"),
          pattern_of("sinks(count=70)"),
          subtract(pattern_of("window(size=200)"), pattern_of("window(size=64)")),
          intersect(pattern_of("fixed(block=50, summary=3)"), std::make_shared<Loose>())};
}

// What header and order promise of a plan, whatever it scores.
void expect_sound(const KeyOrder& order, const BlockPlan& plan, const PlanRequest& request) {
  const auto queries = static_cast<size_t>(request.queries.size());
  ASSERT_EQ(plan.queries, queries);
  ASSERT_EQ(plan.order.empty(), order.lanes() == 1 || queries == 0);
  std::set<size_t> met;
  for (size_t b = 0; b < plan.query_blocks(); ++b) {
    ASSERT_GE(plan.queries_of(b), 1u);
    ASSERT_LE(plan.queries_of(b), kBlock);
    for (size_t i = 0; i < plan.queries_of(b); ++i) {
      const size_t query = plan.query(b, i);
      ASSERT_TRUE(met.insert(query).second) << "query " << query << " is in two blocks";
      const auto lane_of = [&](size_t q) {
        return order.lane_of({request.queries.begin.value + static_cast<int64_t>(q)});
      };
      ASSERT_EQ(lane_of(query), lane_of(plan.query(b, 0))) << "a block of two lanes";
    }
    const KeyRun* previous = nullptr;
    for (const KeyRun& run : plan.runs_of(b)) {
      ASSERT_GE(run.count, 1u);
      if (previous != nullptr) {
        ASSERT_GE(run.first, previous->first + previous->count);
        ASSERT_FALSE(run.first == previous->first + previous->count && run.mask == previous->mask);
      }
      previous = &run;
    }
  }
  ASSERT_EQ(met.size(), queries) << "a query is in no block";
}

void expect_exact(const KeyOrderPtr& order, const PatternPtr& within, const PlanRequest& request) {
  HeadPlan head{.pattern = within, .terms = {}};
  head.terms.push_back({.order = order, .plan = plan_lanes(*order, *within, request)});
  expect_sound(*order, head.terms.front().plan, request);
  const auto rows = planned_grid(head, request);
  ASSERT_TRUE(rows.ok()) << rows.error().message;
  for (Position q = request.queries.begin; q < request.queries.end; ++q.value) {
    std::vector<int64_t> wanted;
    for (Position k{0}; k < request.keys.end && !(request.causal && q < k); ++k.value) {
      const auto place = order->place(k);
      if (place && place->lane == order->lane_of(q) && within->sees(q, k))
        wanted.push_back(k.value);
    }
    ASSERT_EQ((*rows)[static_cast<size_t>(q.value - request.queries.begin.value)], wanted)
        << "query " << q.value;
  }
}

std::vector<PlanRequest> requests() {
  std::vector<PlanRequest> all;
  for (const bool causal : {true, false}) {
    for (const int64_t begin : {0, 1, 63, 130})
      for (const int64_t count : {1, 64, 120})
        all.push_back({{{begin}, {begin + count}}, {{0}, {begin + count}}, causal});
    all.push_back({{{70}, {150}}, {{0}, {250}}, causal});  // keys after the queries
    all.push_back({{{70}, {150}}, {{0}, {90}}, causal});   // queries after the keys
    all.push_back({{{70}, {150}}, {{0}, {0}}, causal});
    all.push_back({{{70}, {70}}, {{0}, {70}}, causal});
  }
  return all;
}

TEST(LanePlanner, ScoresExactlyWhatThePatternSeesOfAQuerysLane) {
  for (const KeyOrderPtr& order : orders()) {
    for (const PatternPtr& within : patterns_within()) {
      for (const PlanRequest& request : requests()) {
        SCOPED_TRACE(testing::Message()
                     << order->name() << ", " << within->spec() << ", queries "
                     << request.queries.begin.value << " to " << request.queries.end.value << " of "
                     << request.keys.end.value << " causal " << request.causal);
        ASSERT_NO_FATAL_FAILURE(expect_exact(order, within, request));
      }
    }
  }
}

// Where a block of queries reaches, not the pattern, may be what leaves whole blocks out.
TEST(LanePlanner, LooksNoFartherThanTheOrderReaches) {
  const auto newest = std::make_shared<Newest>(3, 100);
  for (const int64_t begin : {0, 500, 1000}) {
    const PlanRequest request{{{begin}, {begin + 3}}, {{0}, {begin + 3}}};
    const BlockPlan plan = plan_lanes(*newest, *everything(), request);
    ASSERT_NO_FATAL_FAILURE(expect_sound(*newest, plan, request));
    for (size_t b = 0; b < plan.query_blocks(); ++b) {
      const int64_t query = begin + static_cast<int64_t>(plan.query(b, 0));
      const auto blocks_to = [&](int64_t count) { return count / int64_t{kBlock}; };
      const int64_t seen = newest->count(query % 3, {query});
      const int64_t first = blocks_to(std::max<int64_t>(0, seen - 100));
      const int64_t last = blocks_to(seen + int64_t{kBlock} - 1);
      int64_t blocks = 0;
      for (const KeyRun& run : plan.runs_of(b)) blocks += run.count;
      // Lanes cut the runs, since neighbours of one lane are not neighbours in number.
      EXPECT_EQ(blocks, last - first) << "query " << query;
    }
  }
}

// A block that the pattern's bound calls partial, and its mask full, needs no mask.
TEST(LanePlanner, FullBlocksHaveNoMasks) {
  const PlanRequest request{{{0}, {640}}, {{0}, {640}}};
  const BlockPlan plan = plan_lanes(*residue_subset(2, 0, 1), *everything(), request);
  // 320 keys in 5 blocks; query block b sees keys up to 64 b + 63: half of block b / 2 is new.
  EXPECT_EQ(scored_pairs(plan), 2u * (320 * 321 / 2));
  EXPECT_LE(plan.masks.size(), plan.query_blocks()) << "one each, where causality cuts";
  EXPECT_EQ(plan.runs_of(9)[0], (KeyRun{.first = 0, .count = 4}));
}

}  // namespace
}  // namespace fathom
