// Between a cache and parts of a stored prefill: which of its blocks a part holds, and a cache made
// of parts again, byte for byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "fathom/base/result.h"
#include "fathom/base/thread_pool.h"
#include "fathom/engine/part_file.h"
#include "fathom/engine/prefix_store.h"
#include "fathom/kv/cache.h"

namespace fathom {

// The blocks of positions [header.begin, header.end()), multiples of kBlock, of all heads; fills in
// header.heads. None: a head has dropped some of them, or has them elsewhere in its blocks.
std::optional<std::vector<Section>> sections_of(const KvCache& cache, PartHeader& header);
// All that a cache holds that drops tokens.
std::vector<Section> state_sections_of(const KvCache& cache, PartHeader& header);

struct BadPart {
  size_t part = 0;  // of the chain
  Error why;
};

// The first position of a layer that is needed once so many tokens are there.
using NeededFn = std::function<uint64_t(size_t layer)>;

// Fills an empty cache with the first `tokens` of a chain, a multiple of kBlock and at most
// chain.tokens; of a layer without the parts before what is needed. A part may be bad: damaged, or
// of a cache of another shape. Then the cache is empty. Throws std::bad_alloc; then it must be
// emptied.
std::optional<BadPart> fill(ThreadPool& pool, const PartChain& chain, uint64_t tokens,
                            const NeededFn& needed, KvCache& cache);

}  // namespace fathom
