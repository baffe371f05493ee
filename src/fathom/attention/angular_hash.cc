#include "fathom/attention/angular_hash.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstring>
#include <numbers>

#include "fathom/attention/hash_words.h"
#include "fathom/kernels/key_scores.h"
#include "fathom/kernels/panel.h"

namespace fathom {
namespace {

// Normal numbers, the same on every machine: Box and Muller 1958.
class Normal {
 public:
  explicit Normal(int64_t seed) : state_(mix(0, static_cast<uint64_t>(seed))) {}
  float next() {
    const double radius = std::sqrt(-2 * std::log(uniform()));
    return static_cast<float>(radius * std::cos(2 * std::numbers::pi * uniform()));
  }

 private:
  // In (0, 1].
  double uniform() {
    state_ = mix(state_, ++count_);
    return (static_cast<double>(state_ >> 11) + 1) * 0x1p-53;
  }
  uint64_t state_;
  uint64_t count_ = 0;
};

// The index of the largest magnitude, plus `count` where that number is negative. Compared as
// integers, as which magnitudes have the same order, with the index in their last bits.
uint32_t bucket_of(const float* projections, uint32_t count) {
  const uint32_t index_bits = std::bit_ceil(count) - 1;
  int32_t largest = 0;
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t bits = 0;
    std::memcpy(&bits, projections + i, sizeof bits);
    largest = std::max(largest, static_cast<int32_t>((bits & 0x7fffffffu & ~index_bits) | i));
  }
  const uint32_t index = static_cast<uint32_t>(largest) & index_bits;
  return index + (std::signbit(projections[index]) ? count : 0);
}

}  // namespace

AngularHash::AngularHash(size_t rounds, size_t buckets, size_t dim, int64_t seed)
    : rounds_(rounds), directions_(buckets / 2) {
  assert(buckets >= 2 && buckets % 2 == 0);
  const size_t count = (rounds * directions_ + kBlock - 1) / kBlock;
  const size_t bytes = key_block_bytes(Operand::f32, dim);
  panels_ = Buffer<std::byte>(count * bytes);
  Normal normal(seed);
  std::vector<float> rows(kBlock * dim);
  for (size_t b = 0; b < count; ++b) {
    for (float& x : rows) x = normal.next();
    std::byte* const block = panels_.data() + b * bytes;
    pack_keys(Operand::f32, {rows.data(), kBlock, dim}, 0, block);
    blocks_.push_back(block);
  }
}

void AngularHash::hash(Isa isa, ConstMatrix<float> rows, std::span<uint32_t> buckets) const {
  constexpr size_t kRows = 48;  // whose projections stay in the cache
  const size_t columns = blocks_.size() * kBlock;
  static thread_local Buffer<float> projections;
  projections.ensure(kRows * columns);
  assert(buckets.size() >= rows.rows * rounds_);
  for (size_t first = 0; first < rows.rows; first += kRows) {
    const size_t count = std::min(kRows, rows.rows - first);
    key_scores(isa,
               {.queries = rows.rows_at(first, count),
                .scale = 1,
                .key_blocks = blocks_.data(),
                .blocks = blocks_.size(),
                .operand = Operand::f32},
               {projections.data(), count, columns});
    for (size_t i = 0; i < count; ++i)
      for (size_t round = 0; round < rounds_; ++round)
        buckets[(first + i) * rounds_ + round] =
            bucket_of(projections.data() + i * columns + round * directions_,
                      static_cast<uint32_t>(directions_));
  }
}

}  // namespace fathom
