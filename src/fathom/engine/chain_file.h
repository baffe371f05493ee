// A whole chain of parts in one file, to move it to another folder or machine: the parts' files one
// after the other, from the text's beginning on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
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
// Hands on its bytes. Errors: of a part, or of `to`.
using ByteSink = std::function<Status(std::span<const std::byte>)>;
Result<ChainFacts> export_chain(std::span<const StoredPart> chain, const ByteSink& to);

// Checks all of it, then keeps what the store has not. `name`: what errors call the file: it is not
// such a file, damaged, or more than the store's limit. Else the store's; then parts before the
// fault may be kept.
Result<ChainFacts> import_chain(const PrefixStore& store, const std::string& path,
                                const std::string& name);

}  // namespace fathom
