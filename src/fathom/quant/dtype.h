// The tensor element types of GGUF files: their ids, names and block layouts.
//
// A quantised row is a sequence of blocks, each of `block_size` elements in `block_bytes` bytes.
// Layouts are ggml's (ggml-common.h); decode.h gives their meaning.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace fathom {

// Values are the ids that GGUF files carry.
enum class DType : uint32_t {
  f32 = 0,
  f16 = 1,
  q4_0 = 2,
  q4_1 = 3,
  q5_0 = 6,
  q5_1 = 7,
  q8_0 = 8,
  q2_k = 10,
  q3_k = 11,
  q4_k = 12,
  q5_k = 13,
  q6_k = 14,
  iq4_nl = 20,
  iq4_xs = 23,
  bf16 = 30,
};

struct DTypeInfo {
  DType type;
  std::string_view name;  // as ggml spells it, e.g. "Q4_K"
  size_t block_size;      // elements
  size_t block_bytes;
};

// Every type above.
std::span<const DTypeInfo> all_dtypes();

// Null if Fathom does not know the id.
const DTypeInfo* find_dtype(uint32_t id);
const DTypeInfo& info(DType type);

// Bytes of `count` elements; count is a multiple of the block size.
size_t row_bytes(DType type, size_t count);

}  // namespace fathom
