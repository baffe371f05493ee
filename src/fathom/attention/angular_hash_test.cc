// What a hash by angle promises of any vectors: the directions themselves are its own.
#include "fathom/attention/angular_hash.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace fathom {
namespace {

constexpr size_t kDim = 64;
constexpr size_t kRounds = 3;

std::vector<float> random_rows(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> rows(count * kDim);
  for (float& x : rows) x = normal(random);
  return rows;
}

std::vector<uint32_t> buckets_of(const AngularHash& hash, const std::vector<float>& rows,
                                 Isa isa = best_isa()) {
  const size_t count = rows.size() / kDim;
  std::vector<uint32_t> buckets(count * hash.rounds());
  hash.hash(isa, {rows.data(), count, kDim}, buckets);
  return buckets;
}

double equal_share(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b) {
  size_t equal = 0;
  for (size_t i = 0; i < a.size(); ++i) equal += a[i] == b[i] ? 1 : 0;
  return static_cast<double>(equal) / static_cast<double>(a.size());
}

TEST(AngularHash, FillsAllItsBuckets) {
  const std::vector<float> rows = random_rows(4000, 1);
  for (const size_t buckets : {2, 4, 6, 32}) {
    const AngularHash hash(kRounds, buckets, kDim, 0);
    std::vector<size_t> counts(kRounds * buckets);
    const std::vector<uint32_t> found = buckets_of(hash, rows);
    for (size_t i = 0; i < found.size(); ++i) {
      ASSERT_LT(found[i], buckets);
      ++counts[i % kRounds * buckets + found[i]];
    }
    // Directions differ in length, by some 9 %, and the longer ones draw more.
    const double mean = 4000.0 / static_cast<double>(buckets);
    for (const size_t count : counts) {
      EXPECT_GT(count, 0u) << buckets << " buckets";
      EXPECT_LT(static_cast<double>(count), 5 * mean) << buckets << " buckets";
    }
  }
}

TEST(AngularHash, SeedsAndRoundsDiffer) {
  const std::vector<float> rows = random_rows(1000, 2);
  const AngularHash hash(2, 32, kDim, 5);
  const std::vector<uint32_t> buckets = buckets_of(hash, rows);
  EXPECT_EQ(buckets_of(AngularHash(2, 32, kDim, 5), rows), buckets);
  // Unrelated hashes agree once in 32 times, and a little more where directions are long.
  EXPECT_LT(equal_share(buckets_of(AngularHash(2, 32, kDim, 6), rows), buckets), 0.1);
  size_t equal = 0;
  for (size_t i = 0; i < 1000; ++i) equal += buckets[2 * i] == buckets[2 * i + 1] ? 1 : 0;
  EXPECT_LT(equal, 100u);
}

TEST(AngularHash, LengthsDoNotMatter) {
  const AngularHash hash(kRounds, 32, kDim, 0);
  const std::vector<float> rows = random_rows(500, 3);
  const std::vector<uint32_t> buckets = buckets_of(hash, rows);
  for (const float scale : {0x1p-20F, 0.25F, 64.0F}) {  // powers of two: exact
    std::vector<float> scaled = rows;
    for (float& x : scaled) x *= scale;
    EXPECT_EQ(buckets_of(hash, scaled), buckets) << scale;
  }
  std::vector<float> scaled = rows;
  for (float& x : scaled) x *= 3.3F;
  EXPECT_GT(equal_share(buckets_of(hash, scaled), buckets), 0.99) << "all but near ties";
}

// The bucket of -x is the one opposite.
TEST(AngularHash, OppositesAreInOppositeBuckets) {
  const AngularHash hash(kRounds, 32, kDim, 0);
  std::vector<float> rows = random_rows(500, 4);
  const std::vector<uint32_t> buckets = buckets_of(hash, rows);
  for (float& x : rows) x = -x;
  const std::vector<uint32_t> opposite = buckets_of(hash, rows);
  for (size_t i = 0; i < buckets.size(); ++i) EXPECT_EQ(opposite[i], (buckets[i] + 16) % 32);
}

// The smaller the angle, the likelier one bucket; at right angles it is chance.
TEST(AngularHash, NearVectorsShareBuckets) {
  const AngularHash hash(8, 32, kDim, 1);
  const std::vector<float> rows = random_rows(2000, 5);
  const std::vector<float> others = random_rows(2000, 6);
  const std::vector<uint32_t> buckets = buckets_of(hash, rows);
  std::vector<double> shares;
  for (const double angle : {0.05, 0.3, 0.7, 1.1, std::acos(0.0)}) {
    std::vector<float> turned(rows.size());
    for (size_t i = 0; i < rows.size(); ++i)
      turned[i] = static_cast<float>(std::cos(angle) * rows[i] + std::sin(angle) * others[i]);
    shares.push_back(equal_share(buckets_of(hash, turned), buckets));
  }
  // Of 16,000 pairs each; neighbours differ by many times the standard error, 0.004 at most.
  for (size_t i = 1; i < shares.size(); ++i) EXPECT_GT(shares[i - 1], shares[i] + 0.02) << i;
  EXPECT_GT(shares.front(), 0.8);
  EXPECT_LT(shares.back(), 0.08);
}

// What a token's bucket is must not depend on the tokens that are read with it.
TEST(AngularHash, EachRowIsHashedByItself) {
  const AngularHash hash(kRounds, 64, kDim, 0);
  const std::vector<float> rows = random_rows(131, 7);
  for (const Isa isa : supported_isas()) {
    const std::vector<uint32_t> together = buckets_of(hash, rows, isa);
    for (size_t i = 0; i < 131; ++i) {
      const auto at = rows.begin() + static_cast<std::ptrdiff_t>(i * kDim);
      const std::vector<uint32_t> alone = buckets_of(hash, std::vector<float>(at, at + kDim), isa);
      for (size_t round = 0; round < kRounds; ++round)
        ASSERT_EQ(alone[round], together[i * kRounds + round]) << name(isa) << ", row " << i;
    }
  }
}

// Sums are taken in another order, so that near ties may fall either way.
TEST(AngularHash, InstructionSetsAgreeButForTies) {
  const AngularHash hash(kRounds, 64, kDim, 0);
  const std::vector<float> rows = random_rows(3000, 8);
  const std::vector<uint32_t> want = buckets_of(hash, rows, Isa::portable);
  for (const Isa isa : supported_isas())
    EXPECT_GT(equal_share(buckets_of(hash, rows, isa), want), 0.999) << name(isa);
}

}  // namespace
}  // namespace fathom
