#include "fathom/eval/run_folder.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "fathom/base/file_mapping.h"

namespace fathom {
namespace {

class RunFolderTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    path_ = testing::TempDir() + "run_folder_" + name + "_" + std::to_string(::getpid());
    std::filesystem::remove_all(path_);
    header_.task = "needle";
    header_.lengths = {512, 1024};
    header_.techniques.resize(2);
    header_.techniques[1].attn = "window(size=64)";
  }
  void TearDown() override { std::filesystem::remove_all(path_); }

  static Record record(const std::string& sample, size_t technique, double score) {
    return {.sample = sample,
            .technique = technique,
            .length = 512,
            .facts = {{"depth", 0.5}},
            .measured = {.values = {{"score", score}},
                         .details = {{"answer", "a\nb"}},
                         .curves = Json::object(),
                         .costs = {{"seconds", 1.5}}}};
  }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

  std::string path_;
  RunHeader header_;
};

TEST_F(RunFolderTest, GivesBackWhatItWasGiven) {
  {
    auto folder = RunFolder::open(path_, header_);
    ASSERT_TRUE(folder.ok()) << folder.error().message;
    ASSERT_TRUE(folder->add(record("one", 0, 0.25)).ok());
    ASSERT_TRUE(folder->add(record("one", 1, 1)).ok());
    ASSERT_TRUE(folder->add_prompt("one", {{"prompt", "Where?"}}).ok());
    ASSERT_TRUE(folder->add_prompt("one", {{"prompt", "Where?"}}).ok());
  }
  const auto header = RunFolder::read_header(path_);
  ASSERT_TRUE(header.ok()) << header.error().message;
  EXPECT_EQ(to_json(*header), to_json(header_));
  auto folder = RunFolder::open(path_, header_);
  ASSERT_TRUE(folder.ok()) << folder.error().message;
  ASSERT_EQ(folder->records().size(), 2u);
  EXPECT_EQ(to_json(folder->records()[0]), to_json(record("one", 0, 0.25)));
  EXPECT_EQ(to_json(folder->records()[1]), to_json(record("one", 1, 1)));
  const auto prompts = read_file(file("samples.jsonl"));
  EXPECT_EQ(*prompts, "{\"sample\":\"one\",\"prompt\":\"Where?\"}\n") << "once";
}

// What a process that was killed within a line left.
TEST_F(RunFolderTest, CutsOffALineThatIsNotWhole) {
  {
    auto folder = RunFolder::open(path_, header_);
    ASSERT_TRUE(folder->add(record("one", 0, 1)).ok());
  }
  const auto whole = read_file(file("results.jsonl"));
  std::ofstream(file("results.jsonl"), std::ios::app) << R"({"sample":"two","tech)";
  {
    auto folder = RunFolder::open(path_, header_);
    ASSERT_TRUE(folder.ok()) << folder.error().message;
    EXPECT_EQ(folder->records().size(), 1u);
    EXPECT_EQ(*read_file(file("results.jsonl")), *whole);
    ASSERT_TRUE(folder->add(record("two", 0, 1)).ok());
  }
  const auto records = RunFolder::read_records(path_);
  ASSERT_TRUE(records.ok());
  EXPECT_EQ(records->size(), 2u);
}

TEST_F(RunFolderTest, RefusesAnotherRun) {
  {
    ASSERT_TRUE(RunFolder::open(path_, header_).ok());
  }
  header_.seed = 7;
  const auto folder = RunFolder::open(path_, header_);
  ASSERT_FALSE(folder.ok());
  EXPECT_NE(folder.error().message.find("seed 0, not 7"), std::string::npos)
      << folder.error().message;
}

TEST_F(RunFolderTest, AnotherNumberOfThreadsIsTheSameRun) {
  {
    ASSERT_TRUE(RunFolder::open(path_, header_).ok());
  }
  header_.threads = 64;
  EXPECT_TRUE(RunFolder::open(path_, header_).ok());
}

TEST_F(RunFolderTest, OneProcessAtATime) {
  const auto first = RunFolder::open(path_, header_);
  ASSERT_TRUE(first.ok());
  const auto second = RunFolder::open(path_, header_);
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.error().message.find("another process"), std::string::npos);
}

TEST_F(RunFolderTest, NamesTheLineThatIsNoRecord) {
  {
    ASSERT_TRUE(RunFolder::open(path_, header_).ok());
  }
  for (const char* line : {"{\"sample\":1}\n", "nonsense\n", "[]\n"}) {
    std::ofstream(file("results.jsonl")) << line;
    const auto folder = RunFolder::open(path_, header_);
    ASSERT_FALSE(folder.ok()) << line;
    EXPECT_NE(folder.error().message.find("results.jsonl, line 1"), std::string::npos)
        << folder.error().message;
  }
}

TEST_F(RunFolderTest, NamesTheLineThatIsNoPrompt) {
  {
    ASSERT_TRUE(RunFolder::open(path_, header_).ok());
  }
  for (const char* line : {"3\n", "[]\n", "null\n", "{\"sample\":5}\n"}) {
    std::ofstream(file("samples.jsonl")) << "{\"sample\":\"one\"}\n" << line;
    const auto folder = RunFolder::open(path_, header_);
    ASSERT_FALSE(folder.ok()) << line;
    EXPECT_NE(folder.error().message.find("samples.jsonl, line 2"), std::string::npos)
        << folder.error().message;
  }
}

TEST_F(RunFolderTest, NamesWhatStandsInItsPlace) {
  std::ofstream(path_) << "a file";
  const auto folder = RunFolder::open(path_, header_);
  ASSERT_FALSE(folder.ok());
  EXPECT_NE(folder.error().message.find(path_), std::string::npos);
}

}  // namespace
}  // namespace fathom
