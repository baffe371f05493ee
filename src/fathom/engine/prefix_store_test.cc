// The folder: what goes first, what stays, several programs at once; and chains moved elsewhere.
#include "fathom/engine/prefix_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fathom/engine/chain_file.h"
#include "fathom/engine/new_file.h"
#include "fathom/engine/test_prefixes.h"

namespace fathom {
namespace {

namespace fs = std::filesystem;

class Store : public Prefixes {
 protected:
  // Sets when a part was used last.
  static void set_used(const std::string& path, time_t seconds) {
    const timespec times[2] = {{seconds, 0}, {seconds, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  }
  // Begins and ends of what is kept, in order.
  std::vector<std::pair<uint64_t, uint64_t>> spans() const {
    std::vector<std::pair<uint64_t, uint64_t>> found;
    for (const StoredPart& part : store().parts()) found.emplace_back(part.begin, part.end);
    std::ranges::sort(found);
    return found;
  }
  uint64_t held() const {
    uint64_t bytes = 0;
    for (const StoredPart& part : store().parts()) bytes += part.bytes;
    return bytes;
  }
  std::vector<StoredPart> longest_chain() const {
    const auto parts = store().parts();
    return chain_to(parts, std::ranges::max(parts, {}, &StoredPart::end).id);
  }

  using Spans = std::vector<std::pair<uint64_t, uint64_t>>;
};

TEST_F(Store, IsForItsOwnerAlone) {
  read_and_keep(test_tokens(1000), recorder());
  struct stat facts = {};
  ASSERT_EQ(::stat(folder().c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0700u);
  ASSERT_EQ(::stat(files().at(0).c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
}

TEST_F(Store, CannotBeMadeBelowAFile) {
  write_file((root_ / "file").string(), "x");
  const auto store = PrefixStore::open((root_ / "file" / "prefixes").string(), 1);
  ASSERT_FALSE(store.ok());
  EXPECT_NE(store.error().message.find("cannot create"), std::string::npos);
}

TEST_F(Store, LaterPartsOfWhatIsUnusedGoFirst) {
  read_and_keep(test_tokens(5000, 1), recorder());
  for (const std::string& path : files()) set_used(path, 1000);
  read_and_keep(test_tokens(3000, 2), recorder());
  const Spans all = {{0, 2048}, {0, 2048}, {2048, 2944}, {2048, 4096}, {4096, 4992}};
  ASSERT_EQ(spans(), all);

  EXPECT_EQ(store().prune(held()), 0u);
  EXPECT_GT(store().prune(held() - 1), 0u);
  EXPECT_EQ(spans(), (Spans{{0, 2048}, {0, 2048}, {2048, 2944}, {2048, 4096}}));
  store().prune(held() - 1);
  EXPECT_EQ(spans(), (Spans{{0, 2048}, {0, 2048}, {2048, 2944}}));
  store().prune(held() - 1);
  EXPECT_EQ(spans(), (Spans{{0, 2048}, {2048, 2944}})) << "of the other text";
  EXPECT_EQ(read_and_keep(test_tokens(3000, 2), recorder()), 2944u);
  store().prune(0);
  EXPECT_EQ(files_of_any_kind(), 0u);
}

TEST_F(Store, AUsedPartKeepsWhatItFollows) {
  read_and_keep(test_tokens(5000), recorder());
  for (const std::string& path : files()) set_used(path, 1000);
  set_used(files().at(2), 2000);
  read_and_keep(test_tokens(1000, 2), recorder());
  set_used(files().at(0), 1500);  // 0-896, of the other text
  store().prune(held() - 1);
  EXPECT_EQ(spans(), (Spans{{0, 2048}, {2048, 4096}, {4096, 4992}}));
}

TEST_F(Store, StaysWithinItsLimit) {
  read_and_keep(test_tokens(3000, 1), recorder());
  const uint64_t limit = held() + held() / 2;
  for (uint32_t text = 2; text < 8; ++text) {
    read_and_keep(test_tokens(3000, text), recorder("plain", limit));
    EXPECT_LE(held(), limit);
    EXPECT_EQ(read_and_keep(test_tokens(3000, text), recorder("plain", limit)), 2944u);
  }
  EXPECT_EQ(said_, std::vector<std::string>{});
}

TEST_F(Store, WhatWasLeftUnfinishedGoesAndWhatIsBeingWrittenStays) {
  const PrefixStore prefixes = store();
  write_file(folder() + "/left.7-0.unfinished", "x");
  auto file = NewFile::create(folder() + "/written");
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(files_of_any_kind(), 2u);
  prefixes.prune(kNoLimit);
  EXPECT_EQ(files_of_any_kind(), 1u);
  ASSERT_TRUE(file->install().ok());
  EXPECT_TRUE(fs::exists(folder() + "/written"));
}

TEST_F(Store, AKilledWriterLeavesNothingUnderAName) {
  const PrefixStore prefixes = store();
  const pid_t child = ::fork();
  if (child == 0) {
    auto file = NewFile::create(folder() + "/0-64");
    if (file.ok()) (void)file->write(std::as_bytes(std::span("half")));
    ::raise(SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_FALSE(fs::exists(folder() + "/0-64"));
  EXPECT_EQ(files_of_any_kind(), 1u);
  prefixes.prune(kNoLimit);
  EXPECT_EQ(files_of_any_kind(), 0u);
}

// Two programs that read the same and other texts in one folder with room for one and a half.
TEST_F(Store, SeveralProgramsAtOnce) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the thread sanitizer allows no threads after fork()";
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
  GTEST_SKIP() << "the thread sanitizer allows no threads after fork()";
#endif
#endif
  read_and_keep(test_tokens(3000, 1), recorder());
  const uint64_t limit = held() + held() / 2;
  std::vector<pid_t> children;
  for (uint32_t program = 0; program < 3; ++program) {
    const pid_t child = ::fork();
    if (child == 0) {
      // A pool's threads are not there after fork(), so each makes what it needs.
      bool right = true;
      ThreadPool pool(1);
      for (uint32_t turn = 0; turn < 12; ++turn) {
        const auto tokens = test_tokens(3000, 1 + (turn + program) % 3);
        PrefixRecorder mine = recorder("plain", limit);
        KvCache cache(kShapes, {});
        mine.recall(pool, tokens, all_seen, any, cache);
        read(pool, tokens, cache, &mine);
        KvCache whole(kShapes, {});
        read(pool, tokens, whole, nullptr);
        right = right && content(cache) == content(whole);
      }
      // Making room may take what another text goes on from; nothing is damaged.
      for (const std::string& line : said_)
        right = right && line.find("no longer kept") != std::string::npos;
      ::_exit(right ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  said_.clear();
  for (uint32_t text = 1; text < 4; ++text) read_and_keep(test_tokens(3000, text), recorder());
  EXPECT_EQ(said_, std::vector<std::string>{}) << "what is there is whole";
}

TEST_F(Store, AChainMovesToAnotherFolder) {
  read_and_keep(test_tokens(5000), recorder());
  const std::string path = (root_ / "chain").string();
  const auto exported = export_chain(longest_chain(), path);
  ASSERT_TRUE(exported.ok()) << exported.error().message;
  EXPECT_EQ(exported->tokens, 4992u);
  EXPECT_EQ(exported->parts, 3u);
  EXPECT_EQ(exported->bytes, fs::file_size(path));
  fs::remove_all(folder());

  const auto imported = import_chain(store(), path, path);
  ASSERT_TRUE(imported.ok()) << imported.error().message;
  EXPECT_EQ(imported->id, exported->id);
  EXPECT_EQ(read_and_keep(test_tokens(5000), recorder()), 4992u);
  ASSERT_TRUE(import_chain(store(), path, path).ok()) << "again changes nothing";
}

TEST_F(Store, NoDamagedChainIsImported) {
  read_and_keep(test_tokens(3000), recorder());
  const std::string path = (root_ / "chain").string();
  ASSERT_TRUE(export_chain(longest_chain(), path).ok());
  const std::string first = content_of(files().at(0)), second = content_of(files().at(1));
  const std::string content = content_of(path);
  EXPECT_EQ(content, first + second);
  fs::remove_all(folder());

  std::vector<std::string> bad = {"",
                                  "x",
                                  second,
                                  first + first,
                                  second + first,
                                  content + "x",
                                  content.substr(0, content.size() - 1)};
  for (size_t i = 0; i < 20; ++i) {
    std::string damaged = content;
    damaged[content.size() * i / 20] ^= 8;
    bad.push_back(damaged);
  }
  for (const std::string& bytes : bad) {
    write_file(path, bytes);
    const auto imported = import_chain(store(), path, path);
    ASSERT_FALSE(imported.ok());
    EXPECT_TRUE(imported.error().message.starts_with(path)) << imported.error().message;
    EXPECT_EQ(spans(), Spans{});
  }
}

}  // namespace
}  // namespace fathom
