// A whole chain of parts in one file, to move it to another folder or machine: the parts' files one
// after the other, from the text's beginning on.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "fathom/base/result.h"
#include "fathom/engine/prefix_store.h"

namespace fathom {

struct ChainFacts {
  std::string id;  // of the last part
  uint64_t parts = 0;
  uint64_t tokens = 0;
  uint64_t bytes = 0;
};

// Errors name the file: a part is damaged, the disk is full.
Result<ChainFacts> export_chain(std::span<const StoredPart> chain, const std::string& path);

// Checks all of it, then keeps what the store has not. Errors name the file: not such a file, or
// damaged; the store's. Parts before the fault may be kept.
Result<ChainFacts> import_chain(const PrefixStore& store, const std::string& path);

}  // namespace fathom
