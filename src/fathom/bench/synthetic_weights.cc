#include "fathom/bench/synthetic_weights.h"

#include <cstdint>
#include <cstring>
#include <random>
#include <span>

#include "fathom/base/half.h"

namespace fathom {
namespace {

// Where a block keeps its f16 scales, which must be finite. Any other byte may be anything.
std::span<const size_t> scale_offsets(DType type) {
  static constexpr size_t kFirst[] = {0}, kFirstTwo[] = {0, 2}, kQ2K[] = {80, 82}, kQ3K[] = {108},
                          kQ6K[] = {208};
  switch (type) {
    case DType::f32:
    case DType::f16:
    case DType::bf16:
      return {};
    case DType::q4_1:
    case DType::q5_1:
    case DType::q4_k:
    case DType::q5_k:
      return kFirstTwo;
    case DType::q2_k:
      return kQ2K;
    case DType::q3_k:
      return kQ3K;
    case DType::q6_k:
      return kQ6K;
    default:
      return kFirst;
  }
}

// A block of one element, which is a number itself.
void write_number(DType type, float number, std::byte* at) {
  const f16 half = to_f16(number);
  const bf16 brief = to_bf16(number);
  if (type == DType::f32) std::memcpy(at, &number, sizeof number);
  if (type == DType::f16) std::memcpy(at, &half, sizeof half);
  if (type == DType::bf16) std::memcpy(at, &brief, sizeof brief);
}

void write_block(DType type, std::mt19937& random, std::byte* at) {
  // 0.5 to 1.5, divided by 64: no two blocks alike, and sums far from overflow.
  const auto scale = [&] { return (0.5f + static_cast<float>(random()) * 0x1p-32f) / 64; };
  const std::span<const size_t> offsets = scale_offsets(type);
  if (offsets.empty()) return write_number(type, scale(), at);
  for (size_t i = 0; i < info(type).block_bytes; i += 2) {
    const auto bits = static_cast<uint16_t>(random());
    std::memcpy(at + i, &bits, sizeof bits);
  }
  for (const size_t offset : offsets) {
    const f16 half = to_f16(scale());
    std::memcpy(at + offset, &half, sizeof half);
  }
}

}  // namespace

SyntheticWeights::SyntheticWeights(DType type, size_t rows, size_t cols, size_t copies)
    : type_(type),
      rows_(rows),
      cols_(cols),
      copies_(copies),
      bytes_(rows * row_bytes(type, cols)),
      memory_(copies * bytes_) {
  std::mt19937 random(1);
  for (size_t at = 0; at < bytes_; at += info(type).block_bytes)
    write_block(type, random, memory_.data() + at);
  for (size_t copy = 1; copy < copies; ++copy)
    std::memcpy(memory_.data() + copy * bytes_, memory_.data(), bytes_);
}

Weights SyntheticWeights::copy(size_t index) const {
  return {type_, memory_.data() + index * bytes_, rows_, cols_};
}

}  // namespace fathom
