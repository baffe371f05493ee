// SelfExtend: positions beyond training without scaling them (Jin et al. 2024, "LLM Maybe
// LongLM: Self-Extend LLM Context Window Without Tuning", section 3.2, arXiv:2401.01325).
//
// A key less than `window` tokens back is met at its distance. One farther back is met as if
// `group` neighbours stood at one place: the key at floor(k / group), the query at floor(q / group)
// + window - floor(window / group), so that distances go on where the window ends. Texts of up to
// (L - window) group + window tokens lead to distances below L.
#pragma once

#include <cstdint>

#include "fathom/base/position.h"

namespace fathom {

struct SelfExtend {
  int64_t group = 1;
  int64_t window = 0;  // tokens
  bool operator==(const SelfExtend&) const = default;

  // Where they stand when they are far from each other.
  Position far_key(Position key) const { return {key.value / group}; }
  Position far_query(Position query) const {
    return {query.value / group + window - window / group};
  }
};

}  // namespace fathom
