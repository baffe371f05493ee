// How wide the strips are in which a block's values lie (panel.h): at most 64 columns, a
// multiple of 16. The last may be narrower.
//
// A strip is read from its first byte to its last, by one tile of outputs: contiguous memory,
// whatever the head size.
#pragma once

#include <cstddef>

namespace fathom {

[[gnu::always_inline]] constexpr size_t value_strip(size_t head_dim) {
  const size_t sixteens = head_dim / 16;
  const size_t strips = (sixteens + 3) / 4;
  return (sixteens + strips - 1) / strips * 16;
}

}  // namespace fathom
