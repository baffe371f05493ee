// What is kept of a text comes back byte for byte, or not at all.
#include "fathom/engine/prefix_recorder.h"

#include <csignal>
#include <cstring>
#include <optional>
#include <thread>

#include <sys/resource.h>
#include <xxhash.h>

#include "fathom/engine/kv_parts.h"
#include "fathom/engine/test_prefixes.h"

namespace fathom {
namespace {

namespace fs = std::filesystem;

class Recorder : public Prefixes {};

class RecorderOfFormat : public Prefixes, public testing::WithParamInterface<KvFormat> {};

TEST_P(RecorderOfFormat, GivesEveryByteBack) {
  const auto tokens = test_tokens(5000);
  EXPECT_EQ(read_and_keep(tokens, recorder(), GetParam()), 0u);
  EXPECT_EQ(files().size(), 3u);  // 2048, 4096, 4992
  EXPECT_EQ(read_and_keep(tokens, recorder(), GetParam()), 4992u);
  EXPECT_EQ(said_, std::vector<std::string>{});
}

TEST_P(RecorderOfFormat, CutsTheLastPartWhereTextsDiffer) {
  auto tokens = test_tokens(5000);
  read_and_keep(tokens, recorder(), GetParam());
  tokens[4500] += 1;
  EXPECT_EQ(read_and_keep(tokens, recorder(), GetParam()), 4480u);  // 35 * 128
  tokens[100] += 1;
  EXPECT_EQ(read_and_keep(tokens, recorder(), GetParam()), 0u);
}

INSTANTIATE_TEST_SUITE_P(All, RecorderOfFormat,
                         testing::Values(KvFormat{Operand::bf16}, KvFormat{Operand::f32},
                                         KvFormat{Operand::int8},
                                         KvFormat{Operand::bf16, KvType::q8, KvType::q4},
                                         KvFormat{Operand::bf16, KvType::bf16, KvType::q8}));

TEST_F(Recorder, LeavesATokenToRead) {
  const auto tokens = test_tokens(4096);
  read_and_keep(tokens, recorder());
  EXPECT_EQ(read_and_keep(tokens, recorder()), 4096 - kChunk);
  EXPECT_EQ(read_and_keep(test_tokens(4097), recorder()), 4096u);
  EXPECT_EQ(read_and_keep(test_tokens(1), recorder()), 0u);
  EXPECT_EQ(read_and_keep({}, recorder()), 0u);
}

TEST_F(Recorder, ALongerTextGoesOnAndTakesOver) {
  read_and_keep(test_tokens(3000), recorder());
  EXPECT_EQ(files().size(), 2u);  // 2048, 2944
  EXPECT_EQ(read_and_keep(test_tokens(5000), recorder()), 2944u);
  EXPECT_EQ(files().size(), 3u) << "2048-2944 is within 2048-4096";
  EXPECT_EQ(read_and_keep(test_tokens(2500), recorder()), 2432u) << "a beginning of what is kept";
  EXPECT_EQ(files().size(), 3u);
}

TEST_F(Recorder, OtherTextsShareTheirBeginning) {
  auto other = test_tokens(5000);
  read_and_keep(other, recorder());
  other[3000] += 1;
  EXPECT_EQ(read_and_keep(other, recorder()), 2944u);
  EXPECT_EQ(files().size(), 5u);
  EXPECT_EQ(read_and_keep(test_tokens(5000), recorder()), 4992u);
  EXPECT_EQ(read_and_keep(other, recorder()), 4992u);
}

TEST_F(Recorder, AnInterruptedTextGoesOn) {
  const auto tokens = test_tokens(5000);
  KvCache cache(kShapes, {});
  std::optional<PrefixRecorder> interrupted(recorder());
  while (cache.tokens() < 2944) {  // without the last step, which says that it is done
    std::vector<TokenId> upto(tokens.begin(),
                              tokens.begin() + static_cast<ptrdiff_t>(cache.tokens() + kChunk));
    read(upto, cache, nullptr);
    interrupted->record(tokens, cache, false, no_statistics);
  }
  interrupted.reset();
  EXPECT_EQ(read_and_keep(tokens, recorder()), 2048u);
}

TEST_F(Recorder, LeavesOutWhatNoQuerySees) {
  const auto tokens = test_tokens(7000);
  read_and_keep(tokens, recorder());
  const KvCache whole = read_whole({tokens.begin(), tokens.begin() + 6912}, {});
  const auto first_seen = [](size_t layer, uint64_t next) { return layer == 0 ? next - 300 : 0; };
  KvCache cache(kShapes, {});
  EXPECT_EQ(recorder().recall(pool_, tokens, first_seen, any, cache), 6912u);
  EXPECT_EQ(cache.tokens(), 6912u);
  EXPECT_EQ(cache.slots(0, 0), 6912u - 6144) << "what the next part begins with stays";
  EXPECT_EQ(cache.positions(0, 0)[0].value, 6144);
  EXPECT_TRUE(std::ranges::equal(cache.block(0, 0, 0).keys, whole.block(0, 0, 96).keys));
  EXPECT_EQ(cache.slots(2, 1), 6912u);
  EXPECT_TRUE(std::ranges::equal(cache.block(2, 1, 50).values, whole.block(2, 1, 50).values));
}

TEST_F(Recorder, OtherSettingsHaveOtherValues) {
  const auto tokens = test_tokens(1000);
  read_and_keep(tokens, recorder());
  EXPECT_EQ(read_and_keep(tokens, recorder("other")), 0u);
  EXPECT_EQ(read_and_keep(tokens, recorder()), 896u);
}

TEST_F(Recorder, AnythingDamagedIsReadAgain) {
  const auto tokens = test_tokens(3000);
  read_and_keep(tokens, recorder());
  const auto good = files();
  ASSERT_EQ(good.size(), 2u);
  for (const size_t which : {0u, 1u}) {
    const std::string content = content_of(good[which]);
    for (size_t i = 0; i < 40; ++i) {
      // The preamble and the header's beginning, then all over the file.
      const size_t at = i < 20 ? i * 3 : content.size() - 1 - (i - 20) * (content.size() / 21);
      std::string damaged = content;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << (i % 8)));
      write_file(good[which], damaged);
      said_.clear();
      EXPECT_EQ(read_and_keep(tokens, recorder()), which == 0 ? 0u : 2048u) << "byte " << at;
      ASSERT_EQ(said_.size(), 1u) << "byte " << at;
      EXPECT_TRUE(said_[0].starts_with(good[which])) << said_[0];
      EXPECT_EQ(said_[0].find('\n'), std::string::npos);
    }
  }
  EXPECT_EQ(files(), good) << "kept anew";
}

TEST_F(Recorder, AnythingCutOffOrForeignIsReadAgain) {
  const auto tokens = test_tokens(1000);
  read_and_keep(tokens, recorder());
  const std::string path = files().at(0);
  const std::string content = content_of(path);
  std::vector<std::string> foreign = {"", "x", "FATHOMKV", content + "x", std::string(100, '\0')};
  for (size_t i = 1; i < 20; ++i) foreign.push_back(content.substr(0, content.size() * i / 20));
  for (const std::string& bytes : foreign) {
    write_file(path, bytes);
    said_.clear();
    EXPECT_EQ(read_and_keep(tokens, recorder()), 0u);
    EXPECT_EQ(said_.size(), 1u);
  }
  std::string other = content;
  other[8] = 0;
  write_file(path, other);
  read_and_keep(tokens, recorder());
  EXPECT_NE(said_.back().find("version 0"), std::string::npos) << said_.back();

  fs::remove(path);
  fs::create_directory(path);
  said_.clear();
  EXPECT_EQ(read_and_keep(tokens, recorder()), 0u) << "a folder in its place";
}

TEST_F(Recorder, WhatALaterVersionKeptIsLeftAlone) {
  const auto tokens = test_tokens(1000);
  read_and_keep(tokens, recorder());
  std::string later = content_of(files().at(0));
  later[8] = 77;
  uint64_t bytes = 0;
  std::memcpy(&bytes, later.data() + 16, sizeof bytes);
  const uint64_t hash = XXH3_64bits_withSeed(later.data() + 32, bytes - 32, 77);
  std::memcpy(later.data() + 24, &hash, sizeof hash);
  write_file(files().at(0), later);
  EXPECT_EQ(read_and_keep(tokens, recorder()), 0u);
  EXPECT_EQ(said_, std::vector<std::string>{});
  EXPECT_TRUE(content_of(files().at(0)) == later);
}

// Another program makes room while a text is read: it is kept from its beginning.
TEST_F(Recorder, WhatIsRemovedMeanwhileIsKeptAnew) {
  const auto tokens = test_tokens(5000);
  {
    PrefixRecorder mine = recorder();
    KvCache cache(kShapes, {});
    EXPECT_EQ(mine.recall(pool_, tokens, all_seen, any, cache), 0u);
    read({tokens.begin(), tokens.begin() + 4096 + kChunk}, cache, nullptr);
    mine.record(tokens, cache, false, no_statistics);
    while (said_.empty() && files().size() < 2) std::this_thread::yield();  // until it is flushed
    EXPECT_GT(store().prune(0), 0u);
    read(tokens, cache, &mine);
  }
  EXPECT_EQ(said_, std::vector<std::string>{});
  EXPECT_EQ(read_and_keep(tokens, recorder()), 4992u);
}

// A part under the right name whose checksums are right, of another text or cache.
TEST_F(Recorder, WhatIsMadeToDeceiveIsRefused) {
  const auto tokens = test_tokens(1000);
  read_and_keep(tokens, recorder());
  const std::string path = files().at(0);
  const auto good = PartFile::open(path);
  ASSERT_TRUE(good.ok());
  const auto refused = [&](PartHeader header, std::vector<std::vector<std::byte>> memory) {
    std::vector<Section> sections;
    for (auto& section : memory) sections.push_back({section});
    auto file = write_part(path, std::move(header), sections);
    ASSERT_TRUE(file.ok() && file->install().ok());
    said_.clear();
    EXPECT_EQ(read_and_keep(tokens, recorder()), 0u);
    EXPECT_EQ(said_.size(), 1u);
  };
  std::vector<std::vector<std::byte>> memory;
  for (const PartHead& head : good->header().heads) memory.emplace_back(head.bytes);

  PartHeader header = good->header();
  ++header.tokens[5];
  refused(header, memory);
  header = good->header();
  header.heads[0].coded[0] = 1;  // this cache has no coded blocks
  refused(header, memory);
  header = good->header();
  header.heads[1].coded.pop_back();
  refused(header, memory);
  header = good->header();
  header.heads[1].positions = {5, 4};
  refused(header, memory);
  header = good->header();
  header.begin = uint64_t{1} << 62;
  refused(header, memory);
  auto shorter = memory;
  shorter[2].pop_back();
  refused(good->header(), shorter);
  auto fewer = memory;
  header = good->header();
  header.heads.pop_back();
  fewer.pop_back();
  refused(header, fewer);
}

TEST_F(Recorder, AFullDiskIsSaidOnceAndLeavesNothing) {
  const auto tokens = test_tokens(5000);
  // The whole of the first part does not fit; the signal would end the program.
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit old = {};
  ::getrlimit(RLIMIT_FSIZE, &old);
  struct rlimit small = old;
  small.rlim_cur = 100'000;
  ::setrlimit(RLIMIT_FSIZE, &small);
  EXPECT_EQ(read_and_keep(tokens, recorder()), 0u);
  ::setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, old_handler);
  ASSERT_EQ(said_.size(), 1u);
  EXPECT_NE(said_[0].find("File too large"), std::string::npos) << said_[0];
  EXPECT_EQ(files_of_any_kind(), 0u);
}

TEST_F(Recorder, ATextBeyondTheLimitIsKeptInPart) {
  const auto tokens = test_tokens(5000);
  read_and_keep(tokens, recorder());
  const uint64_t first = fs::file_size(files().at(0));
  fs::remove_all(folder());
  read_and_keep(tokens, recorder("plain", first + first / 2));
  ASSERT_EQ(said_.size(), 1u);
  EXPECT_NE(said_[0].find("limit"), std::string::npos) << said_[0];
  EXPECT_EQ(read_and_keep(tokens, recorder("plain", first + first / 2)), 2048u);
}

TEST_F(Recorder, OfCachesThatDropTokensTheStateIsKept) {
  const auto facts = [] {
    return PrefixFacts{.model_sha256 = "model",
                       .settings = "fifo",
                       .chunk = kChunk,
                       .drops = true,
                       .model = "tiny",
                       .text = {}};
  };
  const auto say = [this](std::string_view line) { said_.emplace_back(line); };
  const auto tokens = test_tokens(5000);
  std::string statistics;
  const auto recall = [&](const std::vector<TokenId>& text, KvCache& cache) {
    const auto restore = [&](std::string_view kept) -> Status {
      statistics = kept;
      return {};
    };
    return PrefixRecorder(store(), facts(), say).recall(pool_, text, all_seen, restore, cache);
  };
  KvCache cache(kShapes, {});
  std::optional<PrefixRecorder> recorder(PrefixRecorder(store(), facts(), say));
  while (cache.tokens() < 4992) {  // the last step is of fewer tokens, and what follows not exact
    read({tokens.begin(), tokens.begin() + static_cast<ptrdiff_t>(cache.tokens() + kChunk)}, cache,
         nullptr);
    for (size_t layer = 0; layer < kShapes.size(); ++layer) {
      for (size_t h = 0; h < kShapes[layer].kv_heads; ++h) {  // every other one of the older
        std::vector<uint32_t> slots;
        for (uint32_t s = 0; s < cache.slots(layer, h); ++s)
          if (s % 2 == 0 || s + 300 > cache.slots(layer, h)) slots.push_back(s);
        cache.keep(pool_, layer, h, slots);
      }
    }
    recorder->record(tokens, cache, false,
                     [&] { return "up to " + std::to_string(cache.tokens()); });
  }
  recorder.reset();
  KvCache same(kShapes, {});
  EXPECT_EQ(recall(tokens, same), 4992u);
  EXPECT_EQ(statistics, "up to 4992");
  EXPECT_TRUE(content(same) == content(cache));
  EXPECT_TRUE(std::ranges::equal(same.positions(2, 1), cache.positions(2, 1)));
  EXPECT_EQ(files().size(), 2u) << "4096 and 4992";
  auto other = tokens;
  other[4990] += 1;
  KvCache earlier(kShapes, {});
  EXPECT_EQ(recall(other, earlier), 4096u);
  EXPECT_EQ(statistics, "up to 4096");
  EXPECT_EQ(said_, std::vector<std::string>{});
}

}  // namespace
}  // namespace fathom
