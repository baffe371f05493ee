#include "fathom/attention/key_chunks.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace fathom {
namespace {

constexpr size_t kKvHeads = 2;
constexpr size_t kHeadDim = 16;
constexpr size_t kCols = kKvHeads * kHeadDim;

std::vector<float> random_rows(size_t rows, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(rows * kCols);
  for (float& value : values) value = normal(random);
  return values;
}

KeyChunks chunks_of(const std::vector<float>& keys, int64_t usual, int64_t block, size_t step) {
  KeyChunks chunks(kKvHeads, kHeadDim, usual, block);
  const size_t tokens = keys.size() / kCols;
  for (size_t t = 0; t < tokens; t += step)
    chunks.append({keys.data() + t * kCols, std::min(step, tokens - t), kCols});
  return chunks;
}

std::vector<int64_t> begins_of(const KeyChunks& chunks) {
  return {chunks.begins().begin(), chunks.begins().end()};
}

// Topics: tokens of one share a key, but for some noise.
TEST(KeyChunks, BeginWhereKeysChange) {
  const std::vector<int64_t> topics = {0, 13, 40, 52, 64, 80, 103, 116, 128};
  const std::vector<float> key_of_topic = random_rows(topics.size(), 1);
  std::vector<float> keys = random_rows(128, 2);
  for (size_t topic = 0; topic + 1 < topics.size(); ++topic)
    for (int64_t t = topics[topic]; t < topics[topic + 1]; ++t)
      for (size_t d = 0; d < kCols; ++d) {
        float& x = keys[static_cast<size_t>(t) * kCols + d];
        x = key_of_topic[topic * kCols + d] + x / 16;
      }
  EXPECT_EQ(begins_of(chunks_of(keys, 16, 128, 128)), topics);
}

TEST(KeyChunks, DependOnNothingAfterTheirBlockNorOnCalls) {
  const std::vector<float> keys = random_rows(300, 3);
  const std::vector<float> query = random_rows(1, 4);
  const KeyChunks whole = chunks_of(keys, 8, 64, 300);
  const std::vector<int64_t> begins = begins_of(whole);
  EXPECT_EQ(begins.back(), 256);
  std::vector<float> want(begins.size() - 1), got(want.size());
  whole.score({query.data(), kHeadDim}, want);
  for (const size_t step : {1, 7, 64, 100}) {
    const KeyChunks chunks = chunks_of(keys, 8, 64, step);
    EXPECT_EQ(begins_of(chunks), begins);
    chunks.score({query.data(), kHeadDim}, got);
    EXPECT_EQ(got, want);
  }
  const KeyChunks early = chunks_of({keys.begin(), keys.begin() + 130 * kCols}, 8, 64, 130);
  const std::vector<int64_t> of_early = begins_of(early);
  EXPECT_EQ(of_early.back(), 128);
  EXPECT_TRUE(std::ranges::equal(of_early, std::span(begins).first(of_early.size())));
}

TEST(KeyChunks, AreApartAndNoMoreThanUsual) {
  const std::vector<float> keys = random_rows(640, 5);
  for (const int64_t usual : {2, 5, 8, 16, 40}) {
    const std::vector<int64_t> begins = begins_of(chunks_of(keys, usual, 64, 640));
    std::vector<int64_t> in_block(10);
    for (size_t i = 1; i < begins.size(); ++i) {
      EXPECT_GT(begins[i] - begins[i - 1], usual / 2);
      ++in_block[static_cast<size_t>((begins[i] - 1) / 64)];
    }
    for (const int64_t count : in_block) {
      EXPECT_LE(count, std::max<int64_t>(1, 64 / usual));
      EXPECT_GE(count, std::max<int64_t>(1, 64 / (2 * usual)));
    }
  }
}

TEST(KeyChunks, MayBeSingleTokensOrWholeBlocks) {
  const std::vector<float> keys = random_rows(40, 6);
  EXPECT_EQ(begins_of(chunks_of(keys, 1, 16, 40)).size(), 33u);
  EXPECT_EQ(begins_of(chunks_of(keys, 1, 1, 40)).size(), 41u);
  EXPECT_EQ(begins_of(chunks_of(keys, INT64_MAX, 16, 40)), (std::vector<int64_t>{0, 16, 32}));
  EXPECT_EQ(begins_of(chunks_of(keys, 16, INT64_MAX, 40)), (std::vector<int64_t>{0}));
}

TEST(KeyChunks, AreAsLikeAsAnyWhereKeysAreZeroOrEqual) {
  const std::vector<float> zeros(64 * kCols);
  const std::vector<float> ones(64 * kCols, 1.0f);
  EXPECT_EQ(begins_of(chunks_of(zeros, 16, 64, 64)), begins_of(chunks_of(ones, 16, 64, 64)));
}

// Scores are mean * sqrt(length) . query, in double; f32 sums of up to 64 * 2 terms, then 16.
TEST(KeyChunks, ScoreByMeanAndRootOfLength) {
  const std::vector<float> keys = random_rows(256, 7);
  const std::vector<float> query = random_rows(1, 8);
  const KeyChunks chunks = chunks_of(keys, 12, 64, 256);
  const std::vector<int64_t> begins = begins_of(chunks);
  std::vector<float> scores(begins.size() - 1);
  chunks.score({query.data(), kHeadDim}, scores);
  for (size_t i = 0; i < scores.size(); ++i) {
    double score = 0;
    double size = 0;
    const auto length = static_cast<double>(begins[i + 1] - begins[i]);
    for (auto t = static_cast<size_t>(begins[i]); t < static_cast<size_t>(begins[i + 1]); ++t) {
      for (size_t c = 0; c < kCols; ++c) {
        const double term = double{keys[t * kCols + c]} * query[c % kHeadDim] / kKvHeads;
        score += term / std::sqrt(length);
        size += std::abs(term) / std::sqrt(length);
      }
    }
    EXPECT_NEAR(scores[i], score, 150 * 0x1p-24 * size);
  }
}

}  // namespace
}  // namespace fathom
