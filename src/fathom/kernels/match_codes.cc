#include "fathom/kernels/match_codes.h"

#include "fathom/kernels/match_codes_kernel.h"

namespace fathom {
namespace {

MatchCodesKernel kernel(Isa isa) {
  switch (isa) {
#if defined(__x86_64__)
    case Isa::avx2:
    case Isa::avx2vnni:
      return match_codes_avx2;
    case Isa::avx512:
    case Isa::avx512bf16:
      return match_codes_avx512;
#endif
    default:
      return match_codes_portable;
  }
}

}  // namespace

void match_codes_portable(const uint32_t* codes, const uint32_t* rows, size_t count, uint32_t step,
                          uint64_t* bits) {
  for (size_t i = 0; i < count; ++i) {
    bits[i] = 0;
    for (size_t j = 0; j < kBlock; ++j)
      bits[i] |= uint64_t{codes[j] == rows[i] || codes[j] + step == rows[i]} << j;
  }
}

void match_codes(Isa isa, const uint32_t (&codes)[kBlock], std::span<const uint32_t> rows,
                 uint32_t step, uint64_t* bits) {
  kernel(isa)(codes, rows.data(), rows.size(), step, bits);
}

}  // namespace fathom
