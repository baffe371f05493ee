// match_codes() of one instruction set, in plain pointers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fathom {

using MatchCodesKernel = void (*)(const uint32_t* codes, const uint32_t* rows, size_t count,
                                  uint32_t step, uint64_t* bits);

void match_codes_portable(const uint32_t* codes, const uint32_t* rows, size_t count, uint32_t step,
                          uint64_t* bits);
void match_codes_avx2(const uint32_t* codes, const uint32_t* rows, size_t count, uint32_t step,
                      uint64_t* bits);
void match_codes_avx512(const uint32_t* codes, const uint32_t* rows, size_t count, uint32_t step,
                        uint64_t* bits);

}  // namespace fathom
