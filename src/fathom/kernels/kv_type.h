// How a cache stores keys, or values.
//
// A cache's operand (compute.h) says what attention multiplies in; blocks stored as that operand
// has them are plain, and read as they lie. Other types are coded (coded_block.h): attend() reads
// them directly, decoding block by block.
#pragma once

#include <cstdint>
#include <string_view>

#include "fathom/kernels/compute.h"

namespace fathom {

enum class KvType : uint8_t { f32, f16, bf16, q8, q4 };

constexpr std::string_view name(KvType type) {
  constexpr std::string_view kNames[] = {"f32", "f16", "bf16", "q8", "q4"};
  return kNames[static_cast<size_t>(type)];
}

// What the operand's own blocks hold. (Keys in 8 bits are their own kind: byte_keys.h.)
constexpr KvType plain_type(Operand operand) {
  return operand == Operand::f32 ? KvType::f32 : KvType::bf16;
}

}  // namespace fathom
