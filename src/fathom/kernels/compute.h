// What every kernel call is told about the machine: instruction set, operand precision, threads.
#pragma once

#include <cstdint>
#include <string_view>

#include "fathom/base/thread_pool.h"
#include "fathom/simd/isa.h"

namespace fathom {

// What attention multiplies in; sums are always f32.
//
// bf16: operands rounded to bf16, as GPU flash attention does; an ISA without a bf16 dot product
// widens the same bf16 operands to f32. f32 keeps queries, keys and values in f32. int8: queries
// and keys in 8 bits (byte_keys.h), values and their weights in bf16; for ISAs that multiply bytes.
enum class Operand : uint8_t { bf16, f32, int8 };

constexpr std::string_view name(Operand operand) {
  constexpr std::string_view kNames[] = {"bf16", "f32", "int8"};
  return kNames[static_cast<size_t>(operand)];
}

// What many tokens' activations are rounded to in a projection (of few: matmul.h); sums are f32.
//
// bf16: activations and decoded weights, whatever their type, rounded to bf16. int16 and int8, with
// a scale per 32 elements, are multiplied by the weights' integer codes exactly. Where weights are
// not quantised these two are f32 after all; so are bf16 and int8 where the ISA does not multiply
// them (multiplies_bf16, multiplies_bytes).
enum class Activations : uint8_t { f32, bf16, int16, int8 };

constexpr std::string_view name(Activations activations) {
  constexpr std::string_view kNames[] = {"f32", "bf16", "int16", "int8"};
  return kNames[static_cast<size_t>(activations)];
}

// What goes with attention in bf16: bf16 too, or int16, as fast as the ISA's f32 or faster.
inline Activations default_activations(Isa isa) {
  return multiplies_bf16(isa) ? Activations::bf16 : Activations::int16;
}

struct Compute {
  Isa isa = best_isa();
  Operand operand = Operand::bf16;                     // of attention and its cache
  Activations activations = default_activations(isa);  // of projections
  ThreadPool* pool = nullptr;                          // required
};

}  // namespace fathom
