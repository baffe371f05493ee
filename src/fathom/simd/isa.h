// The instruction sets that Fathom has kernels for, and which of them this machine can run.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "fathom/base/result.h"

namespace fathom {

// In rising order of preference. avx2vnni is AVX2 with AVX-VNNI, for machines without AVX-512;
// avx512bf16 is AVX-512 (F, BW, DQ, VL) with BF16 and VNNI; neon is what every AArch64 machine has.
enum class Isa : uint8_t { portable, avx2, avx2vnni, avx512, avx512bf16, neon };

std::string_view name(Isa isa);

// Every ISA this machine can run, portable first, the preferred one last.
std::span<const Isa> supported_isas();
Isa best_isa();

// Whether it has kernels that multiply bytes: Operand::int8, Activations::int8 (kernels/compute.h).
bool multiplies_bytes(Isa isa);
// Whether it has kernels of projections that multiply bf16: Activations::bf16.
bool multiplies_bf16(Isa isa);

// "auto" is the best; otherwise a name. Error: unknown, or this machine cannot run it.
Result<Isa> parse_isa(std::string_view text);

}  // namespace fathom
