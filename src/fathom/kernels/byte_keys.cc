#include "fathom/kernels/byte_keys.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "fathom/base/half.h"
#include "fathom/kernels/largest.h"

namespace fathom {
namespace {

float* scales_of(size_t dim, std::byte* block) {
  return const_cast<float*>(ByteKeys(dim).scales(block));
}

float mean_of(const ByteKeys& keys, const std::byte* block, size_t i) {
  return to_float(bf16{keys.mean(block)[i]});
}

// Rounded, as queries will meet it: the codes take up what it is off by.
void write_mean(ConstMatrix<float> rows, std::byte* block) {
  float sums[256] = {};
  for (size_t t = 0; t < rows.rows; ++t)
    for (size_t i = 0; i < rows.cols; ++i) sums[i] += rows.row(t)[i];
  auto* const mean = const_cast<uint16_t*>(ByteKeys(rows.cols).mean(block));
  for (size_t i = 0; i < rows.cols; ++i)
    mean[i] = to_bf16(sums[i] / static_cast<float>(rows.rows)).bits;
}

}  // namespace

void append_byte_key(const float* row, size_t head_dim, size_t slot, std::byte* block) {
  assert(slot < kBlock && head_dim % 16 == 0 && head_dim <= 256);
  const ByteKeys keys(head_dim);
  float centred[256];
  float largest = 0;
  float finite = 0;  // or not a number
  for (size_t i = 0; i < head_dim; ++i) {
    centred[i] = row[i] - mean_of(keys, block, i);
    largest = std::max(largest, std::abs(centred[i]));
    finite += 0 * centred[i];
  }
  const bool zero = largest <= kSmallest;
  const float inverse = zero ? 0 : ByteKeys::kRange / largest;
  scales_of(head_dim, block)[slot] = (zero ? 0 : largest / ByteKeys::kRange) + finite;
  uint8_t codes[256];
  if (finite == 0) {
    // Above 0, so that truncation rounds to the nearest.
    for (size_t i = 0; i < head_dim; ++i)
      codes[i] =
          static_cast<uint8_t>(static_cast<int>(centred[i] * inverse + (ByteKeys::kZero + 0.5f)));
  } else {
    std::fill_n(codes, head_dim, uint8_t{ByteKeys::kZero});
  }
  for (size_t i = 0; i < head_dim; i += 4)
    std::memcpy(block + (i / 4 * kBlock + slot) * 4, codes + i, 4);
}

void pack_byte_keys(ConstMatrix<float> rows, std::byte* block) {
  assert(rows.rows > 0 && rows.rows <= kBlock);
  const size_t dim = rows.cols;
  std::memset(block, 0, ByteKeys(dim).bytes());
  write_mean(rows, block);
  for (size_t t = 0; t < rows.rows; ++t) append_byte_key(rows.row(t), dim, t, block);
}

void unpack_byte_keys(const std::byte* block, Matrix<float> rows) {
  const ByteKeys keys(rows.cols);
  for (size_t t = 0; t < rows.rows; ++t) {
    for (size_t i = 0; i < rows.cols; ++i) {
      const auto code = static_cast<int>(block[(i / 4 * kBlock + t) * 4 + i % 4]);
      rows.row(t)[i] = keys.scales(block)[t] * static_cast<float>(code - ByteKeys::kZero) +
                       mean_of(keys, block, i);
    }
  }
}

}  // namespace fathom
