// What a cache policy lets queries see by position alone.
#pragma once

#include <algorithm>
#include <cstdint>

#include "fathom/base/position.h"

namespace fathom {

// Query q sees key k if k < sinks or q - k < recent.
struct KvReach {
  int64_t sinks = 0;
  int64_t recent = 0;
  // Sinks are met from where the query stands within the cache (StreamingLLM): their distance stays
  // at most sinks + recent - 1.
  bool reindexed = false;

  bool operator==(const KvReach&) const = default;
  Position slot_of(Position query) const { return {std::min(query.value, sinks + recent - 1)}; }
};

}  // namespace fathom
