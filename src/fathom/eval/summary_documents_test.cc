#include "fathom/eval/summary_documents.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "fathom/base/whole_file.h"

namespace fathom {
namespace {

class SummaryDocuments : public ::testing::Test {
 protected:
  SummaryDocuments() { std::filesystem::create_directories(folder_); }
  ~SummaryDocuments() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const {
    ASSERT_TRUE(write_whole_file(path(name), text).ok());
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string error_of(const std::string& lines) const {
    write("refs.jsonl", lines);
    const auto read = read_summaries(path("refs.jsonl"));
    return read ? "no error" : read.error().message;
  }

 private:
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() /
      ("fathom-summaries-" +
       std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
};

TEST_F(SummaryDocuments, TextsAndFiles) {
  write("a.txt", "A document.");
  write("refs.jsonl",
        "{\"file\": \"a.txt\", \"summary\": \"One.\"}\n\n"
        "{\"document\": \"Another.\", \"summary\": [\"Two.\", \"Three.\"], \"name\": \"b\"}");
  const auto read = read_summaries(path("refs.jsonl"));
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), 2u);
  EXPECT_EQ((*read)[0].name, "a.txt");
  EXPECT_EQ((*read)[0].text, "A document.");
  EXPECT_EQ((*read)[1].name, "b");
  EXPECT_EQ((*read)[1].references, (std::vector<std::string>{"Two.", "Three."}));
}

TEST_F(SummaryDocuments, ErrorsNameTheLine) {
  const std::string good = "{\"document\": \"x\", \"summary\": \"y\"}\n";
  EXPECT_EQ(error_of(good + "{oops"), path("refs.jsonl") + ":2: this is not JSON");
  for (const char* line :
       {"7", "{\"summary\": \"y\"}", "{\"document\": \"x\", \"file\": \"a\", \"summary\": \"y\"}",
        "{\"document\": \"x\"}", "{\"document\": \"x\", \"summary\": []}",
        "{\"document\": \"x\", \"summary\": [1]}", "{\"document\": \" \", \"summary\": \"y\"}",
        "{\"document\": \"x\", \"summary\": \"\"}", "{\"file\": \"none\", \"summary\": \"y\"}"}) {
    const std::string error = error_of(good + line);
    EXPECT_TRUE(error.starts_with(path("refs.jsonl") + ":2: ")) << line << " gave " << error;
    EXPECT_EQ(error.find('\n'), std::string::npos);
  }
  EXPECT_EQ(error_of("\n\n"), path("refs.jsonl") + ": has no document");
}

TEST_F(SummaryDocuments, LicencesOfThisSystem) {
  const auto licences = licence_summaries();
  if (!licences) GTEST_SKIP() << licences.error().message;
  for (const SummaryDocument& licence : *licences) {
    EXPECT_GT(licence.text.size(), 1000u) << licence.name;
    EXPECT_EQ(licence.references.size(), 1u);
  }
}

}  // namespace
}  // namespace fathom
