// Hashes of sequences of words.
#pragma once

#include <cstdint>

namespace fathom {

// The hash of a sequence with one word more.
constexpr uint64_t mix(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
  return hash ^ hash >> 32;
}

}  // namespace fathom
