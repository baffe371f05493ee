// The cache and its blocks: what lies where, what is held, and what an error leaves behind.
#include "fathom/kv/cache.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>
#include <set>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fathom/base/block_pool.h"
#include "fathom/kernels/byte_keys.h"
#include "fathom/kernels/panel.h"

namespace fathom {
namespace {

// Two head sizes, and a layer that keeps nothing here.
const std::vector<KvLayerShape> kShapes = {{2, 64}, {0, 0}, {1, 80}, {3, 64}};

struct Rows {
  Rows(size_t count, const KvLayerShape& shape, uint32_t seed)
      : cols(shape.kv_heads * shape.head_dim), values(count * cols) {
    std::mt19937 random(seed);
    for (float& v : values) v = static_cast<float>(random() % 2001) / 1000 - 1;
  }
  ConstMatrix<float> rows(size_t first, size_t count) const {
    return {values.data() + first * cols, count, cols};
  }
  size_t cols;
  std::vector<float> values;
};

class Cache : public testing::TestWithParam<Operand> {
 protected:
  explicit Cache() {
    for (size_t i = 0; i < kShapes.size(); ++i) {
      keys_.emplace_back(kTokens, kShapes[i], 2 * i);
      values_.emplace_back(kTokens, kShapes[i], 2 * i + 1);
    }
  }

  KvCache make() const { return {kShapes, KvFormat{GetParam()}}; }

  // Tokens [tokens(), tokens() + count) of the test's rows.
  void append(KvCache& cache, size_t count) const {
    ASSERT_TRUE(cache.reserve(count).ok());
    for (size_t i = 0; i < kShapes.size(); ++i)
      cache.write(pool_, i, keys_[i].rows(cache.tokens(), count),
                  values_[i].rows(cache.tokens(), count));
    cache.commit(pool_, count);
  }

  // Every byte of the blocks that hold tokens.
  static std::vector<std::byte> content(const KvCache& cache) {
    std::vector<std::byte> bytes;
    for (size_t i = 0; i < kShapes.size(); ++i) {
      const size_t size = value_block_bytes(GetParam(), kShapes[i].head_dim);
      for (const KvHeadView& head : cache.view(i)) {
        for (size_t b = 0; b * kBlock < cache.tokens(); ++b) {
          bytes.insert(bytes.end(), head.key_blocks[b], head.key_blocks[b] + size);
          bytes.insert(bytes.end(), head.value_blocks[b], head.value_blocks[b] + size);
        }
      }
    }
    return bytes;
  }

  static constexpr size_t kTokens = 700;
  std::vector<Rows> keys_, values_;
  mutable ThreadPool pool_{2};
};

// Keys in 8 bits, about their blocks' means.
class ByteCache : public testing::Test {
 protected:
  static constexpr size_t kDim = 80;
  static constexpr size_t kHeads = 3;
  static constexpr KvLayerShape kShape = {kHeads, kDim};
  KvCache cache_{{kShape}, KvFormat{Operand::int8}};
  Rows keys_{200, kShape, 5};
  ThreadPool pool_{2};

  void write(KvCache& cache, size_t count) {
    ASSERT_TRUE(cache.reserve(count).ok());
    const ConstMatrix<float> rows = keys_.rows(cache.tokens(), count);
    cache.write(pool_, 0, rows, rows);
  }
  void append(KvCache& cache, size_t count) {
    write(cache, count);
    cache.commit(pool_, count);
  }
  // Of all heads.
  static std::vector<std::byte> key_blocks(const KvCache& cache, size_t block) {
    std::vector<std::byte> bytes;
    for (const KvHeadView& head : cache.view(0))
      bytes.insert(bytes.end(), head.key_blocks[block],
                   head.key_blocks[block] + ByteKeys(kDim).bytes());
    return bytes;
  }
  // Each key is within half a step (and what it was rounded by before) of what was written.
  void expect_keys(const KvCache& cache, double steps) const {
    std::vector<float> rows(kBlock * kDim);
    for (size_t h = 0; h < kHeads; ++h) {
      for (size_t t = 0; t < cache.tokens(); ++t) {
        const std::byte* block = cache.view(0)[h].key_blocks[t / kBlock];
        unpack_byte_keys(block, {rows.data(), kBlock, kDim});
        const float step = ByteKeys(kDim).scales(block)[t % kBlock];
        const float* written = keys_.rows(t, 1).row(0) + h * kDim;
        for (size_t d = 0; d < kDim; ++d)
          ASSERT_NEAR(rows[t % kBlock * kDim + d], written[d], steps * step + 1e-6)
              << h << ' ' << t << ' ' << d;
      }
    }
  }
};

TEST_F(ByteCache, RoundsKeysToHalfAStep) {
  for (const size_t count : {1, 2, 60, 1, 64, 5, 30}) {
    append(cache_, count);
    expect_keys(cache_, 0.501);
  }
}

TEST_F(ByteCache, AFullBlockDoesNotDependOnHowItCame) {
  KvCache whole({kShape}, KvFormat{Operand::int8});
  append(whole, 192);
  for (const size_t count : {1, 1, 61, 1, 63, 30, 35}) append(cache_, count);
  for (size_t block = 0; block < 3; ++block)
    EXPECT_EQ(key_blocks(cache_, block), key_blocks(whole, block)) << block;
}

// A step that was written and not committed, over the edge of a block, is written again.
TEST_F(ByteCache, WhatWasNotCommittedIsWrittenOver) {
  append(cache_, 60);
  write(cache_, 30);
  append(cache_, 30);
  expect_keys(cache_, 1.1);
}

TEST_F(ByteCache, WhatIsCutOffIsGoneAndTheRestGoesOn) {
  append(cache_, 150);
  for (const size_t kept : {140, 100, 70}) {  // in the last block, then twice in an earlier one
    cache_.truncate(kept);
    expect_keys(cache_, 3);
    const float* scales = ByteKeys(kDim).scales(cache_.view(0)[0].key_blocks[kept / kBlock]);
    for (size_t slot = kept % kBlock; slot < kBlock; ++slot) EXPECT_EQ(scales[slot], 0.0f);
  }
  append(cache_, 100);
  expect_keys(cache_, 3);
}

TEST_P(Cache, HasOneViewPerKvHead) {
  const KvCache cache = make();
  ASSERT_EQ(cache.layers(), kShapes.size());
  for (size_t i = 0; i < kShapes.size(); ++i) EXPECT_EQ(cache.view(i).size(), kShapes[i].kv_heads);
  EXPECT_EQ(cache.bytes(), 0u);
}

TEST_P(Cache, HoldsEachHeadAsPackedBlocks) {
  KvCache cache = make();
  append(cache, 100);
  for (size_t i = 0; i < kShapes.size(); ++i) {
    const size_t dim = kShapes[i].head_dim;
    const size_t size = value_block_bytes(GetParam(), dim);
    for (size_t h = 0; h < kShapes[i].kv_heads; ++h) {
      for (size_t b = 0; b < 2; ++b) {
        const size_t count = b == 0 ? 64 : 36;
        const auto head_rows = [&](const Rows& rows) {
          return rows.rows(b * kBlock, count).cols_at(h * dim, dim);
        };
        std::vector<std::byte> expected(size);
        pack_keys(GetParam(), head_rows(keys_[i]), 0, expected.data());
        EXPECT_EQ(std::memcmp(cache.view(i)[h].key_blocks[b], expected.data(), size), 0);
        std::ranges::fill(expected, std::byte{});
        pack_values(GetParam(), head_rows(values_[i]), 0, expected.data());
        EXPECT_EQ(std::memcmp(cache.view(i)[h].value_blocks[b], expected.data(), size), 0);
      }
    }
  }
}

TEST_P(Cache, OddPiecesAndOneGoAreTheSame) {
  KvCache whole = make();
  append(whole, kTokens);
  KvCache pieces = make();
  for (const size_t count : {1, 1, 62, 64, 65, 127, 3, 200, 177}) append(pieces, count);
  ASSERT_EQ(pieces.tokens(), kTokens);
  EXPECT_EQ(content(pieces), content(whole));
}

TEST_P(Cache, GrowingMovesNoBlock) {
  KvCache cache = make();
  append(cache, 65);
  const std::byte* first = cache.view(0)[1].key_blocks[0];
  const std::byte* second = cache.view(0)[1].value_blocks[1];
  append(cache, 600);
  EXPECT_EQ(cache.view(0)[1].key_blocks[0], first);
  EXPECT_EQ(cache.view(0)[1].value_blocks[1], second);
}

TEST_P(Cache, BlocksAreAlignedAndDistinct) {
  KvCache cache = make();
  append(cache, kTokens);
  std::set<const std::byte*> seen;
  for (size_t i = 0; i < kShapes.size(); ++i) {
    for (const KvHeadView& head : cache.view(i)) {
      for (size_t b = 0; b < 11; ++b) {
        for (const std::byte* block : {head.key_blocks[b], head.value_blocks[b]}) {
          EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % 64, 0u);
          EXPECT_TRUE(seen.insert(block).second);
        }
      }
    }
  }
}

TEST_P(Cache, TruncatingIsAsIfTheRestWasNeverWritten) {
  for (const size_t kept : {0, 1, 63, 64, 65, 300, 699, 700}) {
    SCOPED_TRACE(kept);
    KvCache cut = make();
    append(cut, kTokens);
    cut.truncate(kept);
    KvCache fresh = make();
    append(fresh, kept);
    EXPECT_EQ(cut.tokens(), kept);
    EXPECT_EQ(content(cut), content(fresh));
    EXPECT_EQ(cut.bytes(), fresh.bytes());
    append(cut, kTokens - kept);
    append(fresh, kTokens - kept);
    EXPECT_EQ(content(cut), content(fresh));
  }
}

TEST_P(Cache, ForgetsWhatWasWrittenButNotCommitted) {
  KvCache cache = make();
  append(cache, 10);
  const auto before = content(cache);
  ASSERT_TRUE(cache.reserve(20).ok());
  for (size_t i = 0; i < kShapes.size(); ++i) {
    Rows poison(20, kShapes[i], 0);
    std::ranges::fill(poison.values, NAN);
    cache.write(pool_, i, poison.rows(0, 20), poison.rows(0, 20));
  }
  cache.truncate(10);
  EXPECT_EQ(content(cache), before);
}

TEST_P(Cache, HoldsWhatItNeedsAndLittleMore) {
  size_t per_token = 0;
  for (const KvLayerShape& s : kShapes)
    per_token += 2 * s.kv_heads * value_block_bytes(GetParam(), s.head_dim) / kBlock;
  KvCache cache = make();
  for (const size_t tokens : {1, 1000, 20000, 50001}) {
    ASSERT_TRUE(cache.reserve(tokens).ok());
    const size_t blocks = (tokens + kBlock - 1) / kBlock * kBlock;
    EXPECT_GE(cache.bytes(), per_token * blocks);
    EXPECT_LE(cache.bytes(), per_token * blocks * 1.01 + 2 * BlockPool::kSlabBytes);
  }
  const size_t held = cache.bytes();
  ASSERT_TRUE(cache.reserve(50001).ok());
  EXPECT_EQ(cache.bytes(), held) << "the room was there";
  cache.truncate(0);
  EXPECT_EQ(cache.bytes(), 0u);
}

TEST_P(Cache, RefusesWhatCannotFitAndIsAsItWas) {
  KvCache cache = make();
  append(cache, 100);
  const auto before = content(cache);
  const size_t held = cache.bytes();
  for (const size_t absurd : {size_t{1} << 40, SIZE_MAX - 50, SIZE_MAX}) {
    const Status status = cache.reserve(absurd);
    ASSERT_FALSE(status.ok());
    EXPECT_NE(status.error().message.find(std::to_string(absurd)), std::string::npos);
    EXPECT_NE(status.error().message.find("GiB"), std::string::npos);
  }
  EXPECT_EQ(cache.tokens(), 100u);
  EXPECT_EQ(cache.bytes(), held);
  EXPECT_EQ(content(cache), before);
  append(cache, 600);
}

// 0 if growing past what the system grants fails and leaves the cache as it was, else the number of
// the expectation that failed.
int grow_past_the_limit(KvCache& cache) {
  size_t pages = 0;  // of address space in use
  std::ifstream("/proc/self/statm") >> pages;
  const size_t limit = pages * static_cast<size_t>(sysconf(_SC_PAGE_SIZE)) + (size_t{64} << 20);
  const rlimit address_space{.rlim_cur = limit, .rlim_max = limit};
  if (setrlimit(RLIMIT_AS, &address_space) != 0) return 1;
  const size_t held = cache.bytes();
  const std::byte* block = cache.view(0)[0].key_blocks[0];
  if (cache.reserve(size_t{1} << 17).ok()) return 2;
  if (cache.bytes() != held) return 3;
  if (cache.view(0)[0].key_blocks[0] != block) return 4;
  if (!cache.reserve(1000).ok()) return 5;
  return 0;
}

// qemu-user accepts a limit on the address space and does not set it.
bool address_space_can_be_limited() {
  rlimit limit{};
  getrlimit(RLIMIT_AS, &limit);
  const rlim_t lower = --limit.rlim_cur;
  setrlimit(RLIMIT_AS, &limit);
  getrlimit(RLIMIT_AS, &limit);
  return limit.rlim_cur == lower;
}

TEST_P(Cache, GivesBackWhatItTookWhenTheSystemGrantsNoMore) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers need all of the address space";
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  GTEST_SKIP() << "sanitizers need all of the address space";
#endif
#endif
  if (!address_space_can_be_limited()) GTEST_SKIP() << "no limit can be set on the address space";
  KvCache cache = make();
  append(cache, 100);
  EXPECT_EXIT(std::_Exit(grow_past_the_limit(cache)), testing::ExitedWithCode(0), "");
}

INSTANTIATE_TEST_SUITE_P(Operands, Cache, testing::Values(Operand::bf16, Operand::f32),
                         [](const auto& test) { return std::string(name(test.param)); });

TEST(CacheWithoutHeads, NeedsNoMemory) {
  KvCache cache({{0, 0}, {0, 64}}, KvFormat{Operand::bf16});
  ASSERT_TRUE(cache.reserve(SIZE_MAX).ok());
  ThreadPool pool(1);
  cache.write(pool, 1, {nullptr, 5, 0}, {nullptr, 5, 0});
  cache.commit(pool, 5);
  EXPECT_EQ(cache.tokens(), 5u);
  EXPECT_EQ(cache.bytes(), 0u);
  cache.truncate(3);
  EXPECT_EQ(cache.tokens(), 3u);
}

TEST(BlockPool, HandsOutZeroedBlocksInOrderAndFreesUnusedSlabs) {
  constexpr size_t size = 64 * 1024;
  constexpr size_t per_slab = BlockPool::kSlabBytes / size;
  BlockPool pool(size);
  std::vector<std::byte*> blocks;
  for (size_t i = 0; i < 3 * per_slab; ++i) {
    blocks.push_back(pool.take());
    if (i % per_slab != 0) {
      EXPECT_EQ(blocks[i], blocks[i - 1] + size);
    }
    std::memset(blocks[i], 0xff, size);
  }
  EXPECT_EQ(pool.bytes(), 3 * BlockPool::kSlabBytes);

  // One block of the first slab and all of the second.
  pool.give_back(blocks[5]);
  for (size_t i = per_slab; i < 2 * per_slab; ++i) pool.give_back(blocks[i]);
  pool.trim();
  EXPECT_EQ(pool.bytes(), 2 * BlockPool::kSlabBytes);

  std::byte* again = pool.take();
  EXPECT_EQ(again, blocks[5]);
  EXPECT_TRUE(std::all_of(again, again + size, [](std::byte b) { return b == std::byte{}; }));
  EXPECT_EQ(pool.bytes(), 2 * BlockPool::kSlabBytes);
  pool.take();
  EXPECT_EQ(pool.bytes(), 3 * BlockPool::kSlabBytes);
}

}  // namespace
}  // namespace fathom
