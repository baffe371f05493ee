#include "fathom/base/whole_file.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

namespace fathom {
namespace {

namespace fs = std::filesystem;

// An empty folder, gone at the end.
class WholeFile : public testing::Test {
 protected:
  WholeFile() : folder_(fs::temp_directory_path() / ("whole_file_" + std::to_string(::getpid()))) {
    fs::create_directory(folder_);
  }
  ~WholeFile() override { fs::remove_all(folder_); }

  std::string path(const char* name) const { return (folder_ / name).string(); }
  size_t files() const {
    return static_cast<size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  static std::string content(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

 private:
  fs::path folder_;
};

TEST_F(WholeFile, IsMadeAndReplaced) {
  for (const std::string& text : {std::string("first"), std::string(1 << 20, 'x')}) {
    const Status written = write_whole_file(path("file"), text);
    ASSERT_TRUE(written.ok()) << written.error().message;
    EXPECT_EQ(content(path("file")), text);
    EXPECT_EQ(files(), 1u) << "something is left beside it";
  }
}

TEST_F(WholeFile, ErrorsNameThePathAndLeaveNothing) {
  for (const std::string& there :
       {path("no/such/folder/file"), path("."), std::string("/dev/full")}) {
    const Status written = write_whole_file(there, "text");
    ASSERT_FALSE(written.ok()) << there;
    EXPECT_TRUE(written.error().message.starts_with(there + ": ")) << written.error().message;
    EXPECT_EQ(files(), 0u);
  }
}

}  // namespace
}  // namespace fathom
