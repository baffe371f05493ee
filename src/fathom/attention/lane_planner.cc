// Plans over keys in another order: the same halving as over the cache, lane by lane, by the bounds
// of the stretches of text that a lane's keys span.
#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "fathom/attention/planner.h"
#include "fathom/attention/run_writer.h"

namespace fathom {
namespace {

constexpr int64_t kBlockSize = kBlock;

// Queries that look at one lane, by position.
struct LaneQueries {
  int64_t lane = 0;
  std::vector<Position> queries;
};

// The lanes at which any query looks, in order.
std::vector<LaneQueries> sort_queries(const KeyOrder& order, PositionRange queries) {
  std::vector<LaneQueries> lanes(static_cast<size_t>(order.lanes()));
  for (Position q = queries.begin; q < queries.end; ++q.value)
    lanes[static_cast<size_t>(order.lane_of(q))].queries.push_back(q);
  for (size_t lane = 0; lane < lanes.size(); ++lane) lanes[lane].lane = static_cast<int64_t>(lane);
  std::erase_if(lanes, [](const LaneQueries& lane) { return lane.queries.empty(); });
  return lanes;
}

class LanePlanner {
 public:
  LanePlanner(const KeyOrder& order, const Pattern& within, const PlanRequest& request,
              BlockPlan& plan)
      : order_(order), within_(within), request_(request), writer_(plan) {}

  // `queries`: at most kBlock of one lane, by position.
  void plan_query_block(int64_t lane, std::span<const Position> queries) {
    lane_ = lane;
    queries_ = queries;
    hull_ = {queries.front(), {queries.back().value + 1}};
    const Position end =
        request_.causal ? std::min(request_.keys.end, hull_.end) : request_.keys.end;
    count_ = order_.count(lane, end);
    const KeyOrder::Range first = order_.window(queries.front(), count_);
    const KeyOrder::Range last = order_.window(queries.back(), count_);
    common_ = {last.begin, first.end};
    const int64_t end_index = std::min(last.end, count_);
    if (first.begin < end_index)
      plan_keys(first.begin / kBlockSize, (end_index + kBlockSize - 1) / kBlockSize);
    writer_.end_query_block();
  }

 private:
  // Blocks [first, last) of the lane: cut in halves until each part is empty, full or one block.
  void plan_keys(int64_t first, int64_t last) {
    const Coverage coverage = cover(first, last);
    if (coverage == Coverage::empty) return;
    if (coverage == Coverage::full) {
      for (int64_t block = first; block < last; ++block)
        writer_.emit(order_.block_number(lane_, block), 1, KeyRun::kFull);
      return;
    }
    if (last - first == 1) return plan_partial_block(first);
    const int64_t middle = first + (last - first) / 2;
    plan_keys(first, middle);
    plan_keys(middle, last);
  }

  Coverage cover(int64_t first, int64_t last) const {
    const int64_t end = std::min(last * kBlockSize, count_);
    const PositionRange keys{order_.key_at({lane_, first * kBlockSize}),
                             {order_.key_at({lane_, end - 1}).value + 1}};
    const bool common = common_.begin <= first * kBlockSize && last * kBlockSize <= common_.end;
    Coverage coverage = common && last * kBlockSize <= count_ ? Coverage::full : Coverage::partial;
    if (request_.causal) {
      if (keys.begin >= hull_.end) return Coverage::empty;
      if (keys.end.value - 1 > hull_.begin.value) coverage = Coverage::partial;
    }
    return std::min(coverage, within_.cover(hull_, keys));
  }

  void plan_partial_block(int64_t block) {
    const int64_t begin = block * kBlockSize;
    const int64_t end = std::min(begin + kBlockSize, count_);
    std::array<Position, kBlock> positions;
    size_t size = 0;
    for (int64_t i = begin; i < end; ++i) positions[size++] = order_.key_at({lane_, i});
    const auto keys = std::span<const Position>(positions).first(size);
    BlockMask mask;
    const auto rows = std::span(mask.rows).first(queries_.size());
    within_.mask(queries_, keys, rows);
    if (begin < common_.begin || end > common_.end) hide_outside_windows(begin, rows);
    if (request_.causal) hide_later_keys(keys, rows);
    const uint32_t index = writer_.intern(mask, queries_.size());
    if (index != RunWriter::kNothing) writer_.emit(order_.block_number(lane_, block), 1, index);
  }

  // Of the block that begins at index `begin`.
  void hide_outside_windows(int64_t begin, std::span<uint64_t> rows) const {
    for (size_t i = 0; i < rows.size(); ++i) {
      const KeyOrder::Range window = order_.window(queries_[i], count_);
      rows[i] &= first_bits(window.end - begin) & ~first_bits(window.begin - begin);
    }
  }

  void hide_later_keys(std::span<const Position> keys, std::span<uint64_t> rows) const {
    size_t seen = 0;  // keys up to the query, which only come later
    for (size_t i = 0; i < rows.size(); ++i) {
      while (seen < keys.size() && keys[seen] <= queries_[i]) ++seen;
      rows[i] &= first_bits(static_cast<int64_t>(seen));
    }
  }

  const KeyOrder& order_;
  const Pattern& within_;
  const PlanRequest& request_;
  RunWriter writer_;
  int64_t lane_ = 0;
  int64_t count_ = 0;       // keys of the lane, of those that the request has
  KeyOrder::Range common_;  // of these, what all queries look at; empty or not
  std::span<const Position> queries_;
  PositionRange hull_;  // of the queries
};

}  // namespace

BlockPlan plan_lanes(const KeyOrder& order, const Pattern& within, const PlanRequest& request) {
  BlockPlan plan;
  plan.queries = static_cast<size_t>(request.queries.size());
  LanePlanner planner(order, within, request, plan);
  const auto add = [&](int64_t lane, std::span<const Position> queries) {
    planner.plan_query_block(lane, queries);
    if (order.lanes() == 1) return;
    plan.block_begin.push_back(static_cast<uint32_t>(plan.order.size()));
    for (const Position query : queries)
      plan.order.push_back(static_cast<uint32_t>(query.value - request.queries.begin.value));
  };
  for (const LaneQueries& lane : sort_queries(order, request.queries)) {
    const std::span<const Position> all = lane.queries;
    for (size_t i = 0; i < all.size(); i += kBlock)
      add(lane.lane, all.subspan(i, std::min(kBlock, all.size() - i)));
  }
  if (order.lanes() > 1) plan.block_begin.push_back(static_cast<uint32_t>(plan.order.size()));
  return plan;
}

}  // namespace fathom
