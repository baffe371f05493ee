// Which of a block of keys carry the code that a row looks for, or the one before it, as mask bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "fathom/kernels/block_plan.h"
#include "fathom/simd/isa.h"

namespace fathom {

// Sets bit j of bits[i] where codes[j] == rows[i] or codes[j] + step == rows[i], j < kBlock; clears
// the others. Sums wrap around.
void match_codes(Isa isa, const uint32_t (&codes)[kBlock], std::span<const uint32_t> rows,
                 uint32_t step, uint64_t* bits);

}  // namespace fathom
