#include "fathom/attention/planner.h"

#include <algorithm>
#include <cassert>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace fathom {
namespace {

constexpr int64_t kBlockSize = kBlock;

int64_t blocks_of(int64_t tokens) { return (tokens + kBlockSize - 1) / kBlockSize; }

uint64_t mix(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
  return hash ^ hash >> 32;
}

// The masks of a plan as a set, by content. The set holds indices only, so no mask is kept twice.
class MaskSet {
 public:
  explicit MaskSet(std::vector<BlockMask>& masks) : masks_(masks) {}

  uint32_t intern(const BlockMask& mask) {
    masks_.push_back(mask);
    const auto [index, fresh] = indices_.insert(static_cast<uint32_t>(masks_.size() - 1));
    if (!fresh) masks_.pop_back();
    return *index;
  }

 private:
  struct Hash {
    const std::vector<BlockMask>& masks;
    size_t operator()(uint32_t index) const {
      uint64_t hash = 0;
      for (const uint64_t row : masks[index].rows) hash = mix(hash, row);
      return hash;
    }
  };
  struct Equal {
    const std::vector<BlockMask>& masks;
    bool operator()(uint32_t a, uint32_t b) const { return masks[a] == masks[b]; }
  };

  std::vector<BlockMask>& masks_;
  std::unordered_set<uint32_t, Hash, Equal> indices_{16, Hash{masks_}, Equal{masks_}};
};

// The masks already made, by what settles their bits: a block's sizes, how far causality cuts into
// it, and its texture.
class MaskCache {
 public:
  // Begins a key; the caller appends the texture.
  std::vector<int64_t>& key(PositionRange queries, PositionRange keys, bool causal) {
    const int64_t distance = queries.begin.value - keys.begin.value;
    const int64_t cut = causal ? std::min(distance, kBlockSize) : kBlockSize;
    key_.assign({queries.size(), keys.size(), cut});
    return key_;
  }
  // What was stored under the key, or null.
  const uint32_t* find() const {
    const auto found = masks_.find(key_);
    return found == masks_.end() ? nullptr : &found->second;
  }
  void store(uint32_t mask) { masks_.emplace(key_, mask); }

 private:
  struct Hash {
    size_t operator()(const std::vector<int64_t>& key) const {
      uint64_t hash = 0;
      for (const int64_t number : key) hash = mix(hash, static_cast<uint64_t>(number));
      return hash;
    }
  };
  std::vector<int64_t> key_;
  std::unordered_map<std::vector<int64_t>, uint32_t, Hash> masks_;
};

// Writes the runs of one query block after another.
class Planner {
 public:
  Planner(const Pattern& pattern, const PlanRequest& request, BlockPlan& plan)
      : pattern_(pattern), request_(request), plan_(plan), masks_(plan.masks) {}

  void plan_query_block(PositionRange queries) {
    queries_ = queries;
    const int64_t end =
        request_.causal ? std::min(request_.keys.end, queries.end).value : request_.keys.end.value;
    if (end > request_.keys.begin.value) plan_keys(0, blocks_of(end - request_.keys.begin.value));
    plan_.run_begin.push_back(static_cast<uint32_t>(plan_.runs.size()));
  }

 private:
  // Key blocks [first, last): cut in halves until each part is empty, full or a single block.
  void plan_keys(int64_t first, int64_t last) {
    const Coverage coverage = cover(first, last);
    if (coverage == Coverage::empty) return;
    if (coverage == Coverage::full) return emit(first, last - first, KeyRun::kFull);
    if (last - first == 1) return plan_partial_block(first);
    const int64_t middle = first + (last - first) / 2;
    plan_keys(first, middle);
    plan_keys(middle, last);
  }

  // What the pattern, causality and the end of the keys leave of key blocks [first, last).
  Coverage cover(int64_t first, int64_t last) const {
    const Position begin = key_at(first);
    const Position end = std::min(key_at(last), request_.keys.end);
    Coverage coverage = key_at(last) > end ? Coverage::partial : Coverage::full;
    if (request_.causal) {
      if (begin >= queries_.end) return Coverage::empty;
      if (end.value - 1 > queries_.begin.value) coverage = Coverage::partial;
    }
    return std::min(coverage, pattern_.cover(queries_, {begin, end}));
  }

  // The mask of a block that looks like one before it is known.
  void plan_partial_block(int64_t block) {
    const PositionRange keys{key_at(block), std::min(key_at(block + 1), request_.keys.end)};
    std::vector<int64_t>& key = cache_.key(queries_, keys, request_.causal);
    const bool known = pattern_.texture(queries_, keys, key);
    const uint32_t* const found = known ? cache_.find() : nullptr;
    const uint32_t mask = found != nullptr ? *found : intern(mask_of(keys));
    if (known && found == nullptr) cache_.store(mask);
    if (mask != kNothing) emit(block, 1, mask);
  }

  // A loose bound may call a block partial that is empty or full; the mask decides.
  uint32_t intern(const BlockMask& mask) {
    const auto rows = std::span(mask.rows).first(static_cast<size_t>(queries_.size()));
    if (std::ranges::all_of(rows, [](uint64_t row) { return row == 0; })) return kNothing;
    if (std::ranges::all_of(rows, [](uint64_t row) { return row == ~uint64_t{0}; }))
      return KeyRun::kFull;
    return masks_.intern(mask);
  }

  BlockMask mask_of(PositionRange keys) const {
    // On the diagonal a pattern often sees all, and causality alone makes the mask.
    const bool sees_all = pattern_.cover(queries_, keys) == Coverage::full;
    BlockMask mask;
    for (int64_t i = 0; i < queries_.size(); ++i) {
      const Position query{queries_.begin.value + i};
      const int64_t end =
          request_.causal ? std::min(keys.end.value, query.value + 1) : keys.end.value;
      uint64_t row = 0;
      for (int64_t k = keys.begin.value; k < end; ++k)
        row |= uint64_t{sees_all || pattern_.sees(query, {k})} << (k - keys.begin.value);
      mask.rows[static_cast<size_t>(i)] = row;
    }
    return mask;
  }

  // Appends a run, or lengthens the last one of this query block if it continues it.
  void emit(int64_t first, int64_t count, uint32_t mask) {
    const KeyRun run{static_cast<uint32_t>(first), static_cast<uint32_t>(count), mask};
    if (plan_.runs.size() > plan_.run_begin.back()) {
      KeyRun& last = plan_.runs.back();
      if (last.first + last.count == run.first && last.mask == run.mask) {
        last.count += run.count;
        return;
      }
    }
    plan_.runs.push_back(run);
  }

  static constexpr uint32_t kNothing = KeyRun::kFull - 1;  // in place of a mask: an empty block

  Position key_at(int64_t block) const { return {request_.keys.begin.value + block * kBlockSize}; }

  const Pattern& pattern_;
  const PlanRequest& request_;
  BlockPlan& plan_;
  MaskSet masks_;
  MaskCache cache_;
  PositionRange queries_;
};

}  // namespace

BlockPlan plan_blocks(const Pattern& pattern, const PlanRequest& request) {
  const PositionRange all = request.queries;
  assert(all.size() >= 0 && request.keys.size() >= 0);
  BlockPlan plan;
  plan.queries = static_cast<size_t>(all.size());
  plan.run_begin.reserve(static_cast<size_t>(blocks_of(all.size())) + 1);
  Planner planner(pattern, request, plan);
  for (int64_t begin = all.begin.value; begin < all.end.value; begin += kBlockSize)
    planner.plan_query_block({{begin}, {std::min(begin + kBlockSize, all.end.value)}});
  return plan;
}

}  // namespace fathom
