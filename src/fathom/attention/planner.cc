#include "fathom/attention/planner.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <span>
#include <unordered_map>
#include <vector>

#include "fathom/attention/hash_words.h"
#include "fathom/attention/run_writer.h"

namespace fathom {
namespace {

constexpr int64_t kBlockSize = kBlock;

int64_t blocks_of(int64_t tokens) { return (tokens + kBlockSize - 1) / kBlockSize; }

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
      : pattern_(pattern), request_(request), writer_(plan) {}

  void plan_query_block(PositionRange queries) {
    queries_ = queries;
    const int64_t end =
        request_.causal ? std::min(request_.keys.end, queries.end).value : request_.keys.end.value;
    if (end > request_.keys.begin.value) plan_keys(0, blocks_of(end - request_.keys.begin.value));
    writer_.end_query_block();
  }

 private:
  // Key blocks [first, last): cut in halves until each part is empty, full or a single block.
  void plan_keys(int64_t first, int64_t last) {
    const Coverage coverage = cover(first, last);
    if (coverage == Coverage::empty) return;
    if (coverage == Coverage::full) return writer_.emit(first, last - first, KeyRun::kFull);
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
    // A loose bound may call a block partial that is empty or full; the mask decides.
    const uint32_t mask = found != nullptr
                              ? *found
                              : writer_.intern(mask_of(keys), static_cast<size_t>(queries_.size()));
    if (known && found == nullptr) cache_.store(mask);
    if (mask != RunWriter::kNothing) writer_.emit(block, 1, mask);
  }

  BlockMask mask_of(PositionRange keys) const {
    std::array<Position, kBlock> query_at;
    std::array<Position, kBlock> key_at;
    const auto queries = number(queries_, query_at);
    BlockMask mask;
    const auto rows = std::span(mask.rows).first(queries.size());
    // On the diagonal a pattern often sees all, and causality alone makes the mask.
    if (pattern_.cover(queries_, keys) == Coverage::full) {
      std::ranges::fill(rows, first_bits(keys.size()));
    } else {
      pattern_.mask(queries, number(keys, key_at), rows);
    }
    if (request_.causal)
      for (size_t i = 0; i < rows.size(); ++i)
        rows[i] &= first_bits(queries[i].value + 1 - keys.begin.value);
    return mask;
  }

  // Each position of a range, at most a block's.
  static std::span<const Position> number(PositionRange range,
                                          std::array<Position, kBlock>& positions) {
    const auto size = static_cast<size_t>(range.size());
    for (size_t i = 0; i < size; ++i) positions[i] = {range.begin.value + static_cast<int64_t>(i)};
    return std::span(positions).first(size);
  }

  Position key_at(int64_t block) const { return {request_.keys.begin.value + block * kBlockSize}; }

  const Pattern& pattern_;
  const PlanRequest& request_;
  RunWriter writer_;
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
