#include "fathom/attention/planned_grid.h"

#include <algorithm>
#include <bit>
#include <string>

namespace fathom {
namespace {

constexpr auto kBlockSize = static_cast<int64_t>(kBlock);

// The keys of one block of a term, in its order of keys.
class BlockKeys {
 public:
  BlockKeys(const KeyOrder* order, const PositionRange& keys, int64_t block)
      : order_(order), first_(block * kBlockSize) {
    if (order == nullptr) {
      begin_ = keys.begin.value;
      count_ = keys.size();
      return;
    }
    lane_ = block % order->lanes();
    first_ = block / order->lanes() * kBlockSize;
    count_ = order->count(lane_, keys.end);
  }

  bool has(int64_t slot) const { return first_ + slot < count_; }
  int64_t at(int64_t slot) const {
    const int64_t index = first_ + slot;
    return order_ == nullptr ? begin_ + index : order_->key_at({lane_, index}).value;
  }

 private:
  const KeyOrder* order_;
  int64_t lane_ = 0;
  int64_t first_;      // of the block's slots, in the lane
  int64_t begin_ = 0;  // the first key's position, in the cache's own order
  int64_t count_ = 0;  // of the lane's keys
};

Error stray(const PlanRequest& request, size_t query, const std::string& what) {
  return {"the planner is wrong: query " +
          std::to_string(request.queries.begin.value + static_cast<int64_t>(query)) + " " + what};
}

// Bit j: the query scores slot j of the run's blocks.
uint64_t bits_of(const BlockPlan& plan, const KeyRun& run, size_t row) {
  return run.mask == KeyRun::kFull ? ~uint64_t{0} : plan.masks[run.mask].rows[row];
}

Status collect_run(const PlannedTerm& term, size_t block, const KeyRun& run,
                   const PlanRequest& request, KeyRows& rows) {
  for (int64_t number = run.first; number < int64_t{run.first} + run.count; ++number) {
    const BlockKeys keys(term.order.get(), request.keys, number);
    for (size_t i = 0; i < term.plan.queries_of(block); ++i) {
      const size_t query = term.plan.query(block, i);
      for (uint64_t bits = bits_of(term.plan, run, i); bits != 0; bits &= bits - 1) {
        const int64_t slot = std::countr_zero(bits);
        if (!keys.has(slot)) return stray(request, query, "scores a slot that has no key");
        rows[query].push_back(keys.at(slot));
      }
    }
  }
  return {};
}

}  // namespace

Result<KeyRows> planned_grid(const HeadPlan& plan, const PlanRequest& request) {
  KeyRows rows(static_cast<size_t>(request.queries.size()));
  for (const PlannedTerm& term : plan.terms)
    for (size_t block = 0; block < term.plan.query_blocks(); ++block)
      for (const KeyRun& run : term.plan.runs_of(block))
        FATHOM_CHECK(collect_run(term, block, run, request, rows));
  for (size_t query = 0; query < rows.size(); ++query) {
    std::ranges::sort(rows[query]);
    const auto twice = std::ranges::adjacent_find(rows[query]);
    if (twice != rows[query].end())
      return stray(request, query, "scores key " + std::to_string(*twice) + " twice");
  }
  return rows;
}

}  // namespace fathom
