// Locality-sensitive hashing by angle: vectors that point the same way are likely to share a
// bucket.
//
// Andoni et al. 2015, "Practical and optimal LSH for angular distance" (arXiv:1509.02897), as the
// Reformer uses it (Kitaev et al. 2020, arXiv:2001.04451, section 2): the bucket of x is the
// argmax of [xR; -xR], R being random, of size [dim, buckets / 2]. The length of x does not matter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fathom/base/buffer.h"
#include "fathom/base/matrix.h"
#include "fathom/kernels/compute.h"

namespace fathom {

class AngularHash {
 public:
  // `rounds` hashes, each of `buckets`, an even number. Equal seeds give equal hashes. `dim` as
  // attend() takes heads.
  AngularHash(size_t rounds, size_t buckets, size_t dim, int64_t seed);

  size_t rounds() const { return rounds_; }
  // The buckets of `rows`, [n, dim], in every round: [n][rounds], and there may be room for more.
  // On the caller's thread.
  void hash(Isa isa, ConstMatrix<float> rows, std::span<uint32_t> buckets) const;

 private:
  size_t rounds_, directions_;  // directions of one round: half its buckets
  Buffer<std::byte> panels_;    // all rounds' directions, as key blocks
  std::vector<const std::byte*> blocks_;
};

}  // namespace fathom
