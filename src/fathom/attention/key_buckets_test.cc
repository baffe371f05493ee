// Buckets of keys against lists of them that nothing is ever dropped from.
#include "fathom/attention/key_buckets.h"

#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "fathom/kernels/block_plan.h"

namespace fathom {
namespace {

// All keys of each bucket.
using Lists = std::vector<std::vector<int64_t>>;

void append(KeyBuckets& buckets, Lists& lists, int64_t key, uint32_t bucket) {
  const KeyOrder::Place place = buckets.append(bucket);
  EXPECT_EQ(place, (KeyOrder::Place{bucket, static_cast<int64_t>(lists[bucket].size())}));
  lists[bucket].push_back(key);
}

TEST(KeyBuckets, PlaceEachKeyAtTheEndOfItsBucket) {
  std::mt19937 random(1);
  KeyBuckets buckets(8, 10);
  Lists lists(8);
  for (int64_t key = 0; key < 500; ++key) append(buckets, lists, key, random() % 8);
  for (uint32_t bucket = 0; bucket < 8; ++bucket) {
    for (size_t i = 0; i < lists[bucket].size(); ++i)
      EXPECT_EQ(buckets.key_at({bucket, static_cast<int64_t>(i)}), Position{lists[bucket][i]});
    for (int64_t end = 0; end <= 500; ++end)
      EXPECT_EQ(buckets.count(bucket, {end}),
                std::ranges::count_if(lists[bucket], [&](int64_t key) { return key < end; }));
  }
}

// A code is a bucket's chunk; that of the chunk before is smaller by the number of buckets.
TEST(KeyBuckets, CodesTellBucketsAndChunks) {
  KeyBuckets buckets(4, 3);
  for (int64_t key = 0; key < 40; ++key) buckets.append(static_cast<uint32_t>(key % 3));
  ASSERT_EQ(buckets.codes().size(), 40u);
  for (uint32_t key = 0; key < 40; ++key) {
    const uint32_t chunk = key / 3 / 3;
    EXPECT_EQ(buckets.codes()[key], chunk * 4 + key % 3);
    EXPECT_EQ(buckets.code_of({key % 3, key / 3}), chunk * 4 + key % 3);
  }
}

// Whatever a later query may see, a bucket's newest chunk and the one before, is held; of a long
// text not much more.
TEST(KeyBuckets, ForgetWhatNoLaterQuerySees) {
  for (const int64_t chunk : {1, 5, 64, 100}) {
    std::mt19937 random(2);
    KeyBuckets buckets(2, chunk);
    Lists lists(2);
    for (int64_t key = 0; key < 4000; ++key) {
      if (random() % 50 == 0) buckets.forget();
      append(buckets, lists, key, random() % 4 == 0 ? 0 : 1);
    }
    buckets.forget();
    for (uint32_t bucket = 0; bucket < 2; ++bucket) {
      const auto count = static_cast<int64_t>(lists[bucket].size());
      const int64_t first = buckets.held_from(bucket);
      EXPECT_EQ(first % int64_t{kBlock}, 0);
      EXPECT_LE(first, std::max<int64_t>(0, (count - 1) / chunk - 1) * chunk);
      EXPECT_GT(first, count - 2 * chunk - 2 * int64_t{kBlock});
      EXPECT_EQ(buckets.count(bucket, {4000}), count);
      for (int64_t i = first; i < count; ++i)
        ASSERT_EQ(buckets.key_at({bucket, i}), Position{lists[bucket][static_cast<size_t>(i)]});
    }
    EXPECT_EQ(buckets.codes().size(), 4000u);
  }
}

TEST(KeyBuckets, AnEmptyBucketHasNothingToForget) {
  KeyBuckets buckets(2, 7);
  buckets.forget();
  for (int64_t key = 0; key < 100; ++key) buckets.append(1);
  buckets.forget();
  EXPECT_EQ(buckets.held_from(0), 0);
  EXPECT_EQ(buckets.count(0, {100}), 0);
  EXPECT_EQ(buckets.append(0), (KeyOrder::Place{0, 0}));
  EXPECT_EQ(buckets.key_at({0, 0}), Position{100});
}

}  // namespace
}  // namespace fathom
