#include "fathom/attention/key_ranges.h"

#include <algorithm>
#include <cassert>
#include <span>
#include <utility>

namespace fathom {
namespace {

// Sorts ranges and joins those that touch.
void tidy(std::vector<PositionRange>& ranges) {
  std::erase_if(ranges, [](const PositionRange& range) { return range.size() == 0; });
  std::ranges::sort(ranges, {}, &PositionRange::begin);
  size_t kept = 0;
  for (const PositionRange& range : ranges) {
    if (kept > 0 && range.begin <= ranges[kept - 1].end) {
      ranges[kept - 1].end = std::max(ranges[kept - 1].end, range.end);
    } else {
      ranges[kept++] = range;
    }
  }
  ranges.resize(kept);
}

// The first of tidy ranges that ends after a position.
std::vector<PositionRange>::const_iterator first_after(const std::vector<PositionRange>& ranges,
                                                       Position position) {
  return std::ranges::upper_bound(ranges, position, {}, &PositionRange::end);
}

bool contain(const std::vector<PositionRange>& ranges, PositionRange keys) {
  const auto range = first_after(ranges, keys.begin);
  return range != ranges.end() && range->begin <= keys.begin && keys.end <= range->end;
}

bool meet(const std::vector<PositionRange>& ranges, PositionRange keys) {
  const auto range = first_after(ranges, keys.begin);
  return range != ranges.end() && range->begin < keys.end;
}

class KeyRanges final : public Pattern {
 public:
  KeyRanges(std::vector<SharedRanges> shares, int64_t newest, std::string spec)
      : shares_(std::move(shares)), newest_(newest), spec_(std::move(spec)) {
    for (SharedRanges& share : shares_) tidy(share.keys);
  }

  bool sees(Position query, Position key) const override {
    return is_new(query, key) || contain(share_of(query)->keys, {key, {key.value + 1}});
  }

  Coverage cover(PositionRange queries, PositionRange keys) const override {
    bool any = false;
    bool all = true;
    for (auto share = share_of(queries.begin);
         share != shares_.end() && share->queries.begin < queries.end; ++share) {
      const Coverage coverage = cover_within(*share,
                                             {std::max(queries.begin, share->queries.begin),
                                              std::min(queries.end, share->queries.end)},
                                             keys);
      any |= coverage != Coverage::empty;
      all &= coverage == Coverage::full;
    }
    if (!any) return Coverage::empty;
    return all ? Coverage::full : Coverage::partial;
  }

  void mask(std::span<const Position> queries, std::span<const Position> keys,
            std::span<uint64_t> rows) const override {
    const auto [first, last] = std::ranges::minmax(keys);
    const SharedRanges* share = nullptr;
    uint64_t listed = 0;  // the keys in the share's ranges
    for (size_t i = 0; i < queries.size(); ++i) {
      if (const SharedRanges* const own = &*share_of(queries[i]); own != share) {
        share = own;
        listed = 0;
        for (auto range = first_after(share->keys, first);
             range != share->keys.end() && range->begin <= last; ++range)
          for (size_t j = 0; j < keys.size(); ++j)
            listed |= uint64_t{range->begin <= keys[j] && keys[j] < range->end} << j;
      }
      rows[i] = listed;
      if (!is_new(queries[i], last)) continue;
      for (size_t j = 0; j < keys.size(); ++j)
        rows[i] |= uint64_t{is_new(queries[i], keys[j])} << j;
    }
  }

  std::string spec() const override { return spec_; }

 private:
  bool is_new(Position query, Position key) const { return query.value - key.value < newest_; }

  std::vector<SharedRanges>::const_iterator share_of(Position query) const {
    const auto share = std::ranges::upper_bound(
        shares_, query, {}, [](const SharedRanges& one) { return one.queries.end; });
    assert(share != shares_.end() && share->queries.begin <= query);
    return share;
  }

  // Exact: keys new to every query are seen, and so must the older ones be.
  Coverage cover_within(const SharedRanges& share, PositionRange queries,
                        PositionRange keys) const {
    const Position last_query{queries.end.value - 1};
    const Position last_key{keys.end.value - 1};
    if (!is_new(queries.begin, last_key) && !meet(share.keys, keys)) return Coverage::empty;
    const Position new_to_all{last_query.value - newest_ + 1};
    if (new_to_all <= keys.begin) return Coverage::full;
    return contain(share.keys, {keys.begin, std::min(keys.end, new_to_all)}) ? Coverage::full
                                                                             : Coverage::partial;
  }

  std::vector<SharedRanges> shares_;
  int64_t newest_;  // tokens, at least 1
  std::string spec_;
};

}  // namespace

PatternPtr key_ranges(std::vector<SharedRanges> shares, int64_t newest, std::string spec) {
  return std::make_shared<KeyRanges>(std::move(shares), newest, std::move(spec));
}

}  // namespace fathom
