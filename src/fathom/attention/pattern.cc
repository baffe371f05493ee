#include "fathom/attention/pattern.h"

#include "fathom/attention/key_index.h"

namespace fathom {

void Pattern::mask(std::span<const Position> queries, std::span<const Position> keys,
                   std::span<uint64_t> rows) const {
  for (size_t i = 0; i < queries.size(); ++i) {
    rows[i] = 0;
    for (size_t j = 0; j < keys.size(); ++j) rows[i] |= uint64_t{sees(queries[i], keys[j])} << j;
  }
}

std::unique_ptr<KeyIndex> Pattern::index(const AttentionShape&) const { return nullptr; }

}  // namespace fathom
