// What the tests of stored prefills share: a folder of their own, and texts read into small caches.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "fathom/base/thread_pool.h"
#include "fathom/engine/prefix_recorder.h"
#include "fathom/engine/prefix_store.h"
#include "fathom/kv/cache.h"

namespace fathom {

constexpr uint64_t kNoLimit = uint64_t{1} << 40;

// A text of `count` tokens; texts of one seed begin alike.
inline std::vector<TokenId> test_tokens(size_t count, uint32_t seed = 1) {
  std::mt19937 random(seed);
  std::vector<TokenId> tokens(count);
  for (TokenId& token : tokens) token = static_cast<TokenId>(random() % 50000);
  return tokens;
}

class Prefixes : public testing::Test {
 protected:
  static constexpr size_t kChunk = 128;
  inline static const std::vector<KvLayerShape> kShapes = {{1, 32}, {0, 0}, {2, 16}};

  Prefixes() {
    std::string pattern = (std::filesystem::temp_directory_path() / "fathom-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
  }
  ~Prefixes() override { std::filesystem::remove_all(root_); }

  static uint64_t all_seen(size_t, uint64_t) { return 0; }
  static std::string no_statistics() { return {}; }
  static Status any(std::string_view) { return {}; }

  std::string folder() const { return (root_ / "prefixes").string(); }
  PrefixStore store(uint64_t limit = kNoLimit) const {
    return PrefixStore::open(folder(), limit).value();
  }
  PrefixRecorder recorder(const std::string& settings = "plain", uint64_t limit = kNoLimit) {
    return {store(limit),
            {.model_sha256 = "model",
             .settings = settings,
             .chunk = kChunk,
             .drops = false,
             .model = "tiny",
             .text = "It was"},
            [this](std::string_view line) { said_.emplace_back(line); }};
  }

  // Reads what the cache does not have of `tokens`: each token's keys and values follow from it and
  // its place. Records each step.
  void read(const std::vector<TokenId>& tokens, KvCache& cache, PrefixRecorder* recorder) {
    read(pool_, tokens, cache, recorder);
  }
  static void read(ThreadPool& pool, const std::vector<TokenId>& tokens, KvCache& cache,
                   PrefixRecorder* recorder) {
    while (cache.tokens() < tokens.size()) {
      const size_t first = cache.tokens();
      const size_t count = std::min(kChunk, tokens.size() - first);
      ASSERT_TRUE(cache.reserve(count).ok());
      for (size_t layer = 0; layer < kShapes.size(); ++layer) {
        const size_t cols = kShapes[layer].kv_heads * kShapes[layer].head_dim;
        std::vector<float> keys(count * cols), values(count * cols);
        for (size_t i = 0; i < count; ++i) {
          std::minstd_rand random(static_cast<uint32_t>(tokens[first + i]) * 7919u +
                                  static_cast<uint32_t>(first + i));
          for (size_t c = 0; c < cols; ++c) {
            keys[i * cols + c] = static_cast<float>(random() % 2001) / 1000 - 1;
            values[i * cols + c] = static_cast<float>(random() % 2001) / 1000 - 1;
          }
        }
        cache.write(pool, layer, {keys.data(), count, cols}, {values.data(), count, cols});
      }
      cache.commit(pool, count);
      if (recorder != nullptr)
        recorder->record(tokens, cache, cache.tokens() == tokens.size(), no_statistics);
    }
  }
  KvCache read_whole(const std::vector<TokenId>& tokens, const KvFormat& format) {
    KvCache cache(kShapes, format);
    read(tokens, cache, nullptr);
    return cache;
  }
  // Reads a text with what is kept of it; returns how much that was.
  size_t read_and_keep(const std::vector<TokenId>& tokens, PrefixRecorder recorder,
                       const KvFormat& format = {}) {
    KvCache cache(kShapes, format);
    const size_t recalled = recorder.recall(pool_, tokens, all_seen, any, cache);
    read(tokens, cache, &recorder);
    EXPECT_TRUE(content(cache) == content(read_whole(tokens, format)));
    return recalled;
  }

  // Every byte of a cache, and which blocks are coded.
  static std::vector<std::byte> content(const KvCache& cache) {
    std::vector<std::byte> bytes;
    for (size_t layer = 0; layer < cache.layers(); ++layer) {
      for (size_t h = 0; h < cache.shape(layer).kv_heads; ++h) {
        for (size_t i = 0; i < cache.blocks(layer, h); ++i) {
          const KvBlock block = cache.block(layer, h, i);
          bytes.push_back(std::byte{block.coded});
          bytes.insert(bytes.end(), block.keys.begin(), block.keys.end());
          bytes.insert(bytes.end(), block.values.begin(), block.values.end());
        }
      }
    }
    return bytes;
  }

  // The files of parts, by where they begin and end.
  std::vector<std::string> files() const {
    std::vector<StoredPart> parts = store().parts();
    std::ranges::sort(parts, {}, [](const StoredPart& p) { return std::pair(p.begin, p.end); });
    std::vector<std::string> paths;
    for (const StoredPart& part : parts) paths.push_back(part.path);
    return paths;
  }
  size_t files_of_any_kind() const {
    size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder()))
      count += entry.is_regular_file() ? 1 : 0;
    return count;
  }

  static std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static void write_file(const std::string& path, std::string_view content) {
    std::ofstream(path, std::ios::binary) << content;
  }

  std::filesystem::path root_;
  std::vector<std::string> said_;
  ThreadPool pool_{2};
};

}  // namespace fathom
