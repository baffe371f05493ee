// A model is known by its bytes; what was computed once is remembered as long as they are the same.
#include "fathom/engine/model_identity.h"

#include <ctime>
#include <filesystem>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>

#include "fathom/engine/sha256.h"
#include "fathom/engine/test_prefixes.h"

namespace fathom {
namespace {

namespace fs = std::filesystem;

class ModelIdentity : public Prefixes {
 protected:
  std::string path_of(const std::string& name) const { return (root_ / name).string(); }
  std::string identity(const std::string& name) const {
    return model_sha256(path_of(name), folder()).value();
  }
  size_t notes() const {
    std::error_code error;
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder() + "/models", error),
                                             fs::directory_iterator()));
  }
};

TEST_F(ModelIdentity, IsTheHashOfItsBytes) {
  write_file(path_of("a"), "abc");
  EXPECT_EQ(identity("a"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  write_file(path_of("b"), "abd");
  EXPECT_NE(identity("b"), identity("a"));
  EXPECT_FALSE(model_sha256(path_of("none"), folder()).ok());
}

TEST_F(ModelIdentity, AFileJustWrittenIsNotTrustedToStay) {
  write_file(path_of("a"), "abc");
  const std::string before = identity("a");
  EXPECT_EQ(notes(), 0u);
  write_file(path_of("a"), "abd");
  EXPECT_NE(identity("a"), before);
}

TEST_F(ModelIdentity, IsRememberedUntilTheFileChanges) {
  write_file(path_of("a"), "abc");
  std::this_thread::sleep_for(std::chrono::milliseconds(3100));
  const std::string digest = identity("a");
  ASSERT_EQ(notes(), 1u);
  // What is noted is believed, so the file is not read again.
  const std::string note = fs::directory_iterator(folder() + "/models")->path().string();
  write_file(note, std::string(64, 'a'));
  EXPECT_EQ(identity("a"), std::string(64, 'a'));
  for (const std::string& bad : {std::string("short"), std::string(64, 'z')}) {
    write_file(note, bad);
    EXPECT_EQ(identity("a"), digest);
  }
  // Other bytes of the same number, and the time of the last write set back.
  struct stat facts = {};
  ::stat(path_of("a").c_str(), &facts);
  write_file(path_of("a"), "abd");
  const timespec times[2] = {facts.st_atim, facts.st_mtim};
  ::utimensat(AT_FDCWD, path_of("a").c_str(), times, 0);
  EXPECT_NE(identity("a"), digest);
}

TEST_F(ModelIdentity, OfASplitModelAllFilesCount) {
  write_file(path_of("m-00001-of-00002.gguf"), "first");
  EXPECT_FALSE(model_sha256(path_of("m-00001-of-00002.gguf"), folder()).ok());
  write_file(path_of("m-00002-of-00002.gguf"), "second");
  const std::string before = identity("m-00001-of-00002.gguf");
  EXPECT_EQ(identity("m-00002-of-00002.gguf"), before);
  write_file(path_of("m-00002-of-00002.gguf"), "other!");
  EXPECT_NE(identity("m-00001-of-00002.gguf"), before);
}

}  // namespace
}  // namespace fathom
