// Tests' quantised rows: random blocks of any type, of about unit size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <random>
#include <vector>

#include "fathom/base/half.h"
#include "fathom/quant/dtype.h"

namespace fathom {

// Where a block holds f16 numbers, which random bytes would often make infinite.
inline const std::map<DType, std::vector<size_t>> kHalves = {
    {DType::f16, {0}},     {DType::q4_0, {0}},    {DType::q4_1, {0, 2}},   {DType::q5_0, {0}},
    {DType::q5_1, {0, 2}}, {DType::q8_0, {0}},    {DType::q2_k, {80, 82}}, {DType::q3_k, {108}},
    {DType::q4_k, {0, 2}}, {DType::q5_k, {0, 2}}, {DType::q6_k, {208}},    {DType::iq4_nl, {0}},
    {DType::iq4_xs, {0}},
};

// `count` elements of random blocks, in a heap block of exactly their size, so that the address
// sanitizer sees any read beyond it.
inline std::vector<std::byte> random_row(DType type, size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<std::byte> row(row_bytes(type, count));
  if (type == DType::f32 || type == DType::bf16) {
    for (size_t i = 0; i < count; ++i) {
      const float x = normal(random);
      const bf16 narrow = to_bf16(x);
      if (type == DType::f32) std::memcpy(row.data() + 4 * i, &x, 4);
      if (type == DType::bf16) std::memcpy(row.data() + 2 * i, &narrow, 2);
    }
    return row;
  }
  for (std::byte& byte : row) byte = static_cast<std::byte>(random());
  for (size_t block = 0; block < row.size(); block += info(type).block_bytes) {
    for (const size_t at : kHalves.at(type)) {
      const f16 half = to_f16(normal(random));
      std::memcpy(row.data() + block + at, &half, 2);
    }
  }
  return row;
}

}  // namespace fathom
