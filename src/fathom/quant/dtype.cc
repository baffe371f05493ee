#include "fathom/quant/dtype.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace fathom {
namespace {

constexpr auto kTypes = std::to_array<DTypeInfo>({
    {DType::f32, "F32", 1, 4},
    {DType::f16, "F16", 1, 2},
    {DType::q4_0, "Q4_0", 32, 18},
    {DType::q4_1, "Q4_1", 32, 20},
    {DType::q5_0, "Q5_0", 32, 22},
    {DType::q5_1, "Q5_1", 32, 24},
    {DType::q8_0, "Q8_0", 32, 34},
    {DType::q2_k, "Q2_K", 256, 84},
    {DType::q3_k, "Q3_K", 256, 110},
    {DType::q4_k, "Q4_K", 256, 144},
    {DType::q5_k, "Q5_K", 256, 176},
    {DType::q6_k, "Q6_K", 256, 210},
    {DType::iq4_nl, "IQ4_NL", 32, 18},
    {DType::iq4_xs, "IQ4_XS", 256, 136},
    {DType::bf16, "BF16", 1, 2},
});

}  // namespace

std::span<const DTypeInfo> all_dtypes() { return kTypes; }

const DTypeInfo* find_dtype(uint32_t id) {
  const auto* found = std::find_if(kTypes.begin(), kTypes.end(), [id](const DTypeInfo& entry) {
    return static_cast<uint32_t>(entry.type) == id;
  });
  return found == kTypes.end() ? nullptr : found;
}

const DTypeInfo& info(DType type) {
  const DTypeInfo* found = find_dtype(static_cast<uint32_t>(type));
  assert(found != nullptr);
  return *found;
}

size_t row_bytes(DType type, size_t count) {
  const DTypeInfo& entry = info(type);
  assert(count % entry.block_size == 0);
  return count / entry.block_size * entry.block_bytes;
}

}  // namespace fathom
