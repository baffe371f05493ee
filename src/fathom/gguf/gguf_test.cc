// Right files are read in full. Wrong, cut and damaged ones are Errors: see damage_test.cc.
#include "fathom/gguf/gguf.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "fathom/gguf/test_file.h"

namespace fathom::gguf {
namespace {

// A File and the bytes that it points into.
struct Parsed {
  std::string bytes;
  Result<File> file;
  explicit Parsed(std::string content)
      : bytes(std::move(content)),
        file(File::parse(std::as_bytes(std::span(bytes)), "test.gguf")) {}
};

template <class T>
std::string message(const Result<T>& result) {
  return result.ok() ? "no error" : result.error().message;
}

TEST(Gguf, ReadsEveryKindOfMetadata) {
  const Parsed parsed(good_file().bytes());
  ASSERT_TRUE(parsed.file.ok()) << message(parsed.file);
  const Metadata& m = parsed.file->metadata();
  EXPECT_EQ(*m.string("general.architecture"), "llama");
  EXPECT_EQ(*m.integer("a.u8"), 200);
  EXPECT_EQ(std::get<int64_t>(*m.find("a.i8")), -100);
  EXPECT_EQ(*m.integer("a.u16"), 60000);
  EXPECT_EQ(*m.number("a.i16"), -30000);
  EXPECT_EQ(*m.integer("a.u32"), 4000000000);
  EXPECT_EQ(*m.number("a.i32"), -2000000000);
  EXPECT_EQ(*m.integer("a.u64"), 0xffffffffffffffff);
  EXPECT_EQ(std::get<int64_t>(*m.find("a.i64")), -5);
  EXPECT_EQ(*m.number("a.f32"), 0.5);
  EXPECT_EQ(*m.number("a.f64"), 1e300);
  EXPECT_EQ(*m.boolean("a.bool"), true);
  EXPECT_EQ(*m.integers("b.i32"), std::optional(std::vector<int64_t>{1, -2, 3}));
  EXPECT_EQ(std::get<std::vector<uint64_t>>(std::get<Array>(*m.find("b.u64")))[1],
            0xffffffffffffffff);
  EXPECT_EQ(*m.numbers("b.f32"), std::optional(std::vector<double>{0.5, -1}));
  EXPECT_EQ(*m.numbers("b.i32"), std::optional(std::vector<double>{1, -2, 3}));
  EXPECT_EQ(*m.booleans("b.bool"), std::optional(std::vector<bool>{true, false, true}));
  EXPECT_EQ(**m.strings("b.text"), (std::vector<std::string_view>{"one", "", "three"}));
  EXPECT_TRUE((*m.strings("b.empty"))->empty());
}

TEST(Gguf, FallsBackOnMissingKeys) {
  const Parsed parsed(good_file().bytes());
  const Metadata& m = parsed.file->metadata();
  EXPECT_EQ(*m.string_or("none", "x"), "x");
  EXPECT_EQ(*m.integer_or("none", 7), 7);
  EXPECT_EQ(*m.integer_or("a.u8", 7), 200);
  EXPECT_EQ(*m.number_or("none", 0.25), 0.25);
  EXPECT_EQ(*m.boolean_or("none", true), true);
  EXPECT_EQ(*m.strings("none"), nullptr);
  EXPECT_EQ(*m.integers("none"), std::nullopt);
  EXPECT_EQ(*m.numbers("none"), std::nullopt);
  EXPECT_EQ(*m.booleans("none"), std::nullopt);
}

TEST(Gguf, LookUpsOfAnotherKindNameTheKeyAndWhatItHolds) {
  const Parsed parsed(good_file().bytes());
  const Metadata& m = parsed.file->metadata();
  EXPECT_EQ(message(m.string("none")), "key 'none' is missing; it should hold a string");
  EXPECT_EQ(message(m.string("a.u8")), "key 'a.u8' holds the integer 200, not a string");
  EXPECT_EQ(message(m.integer("a.i64")),
            "key 'a.i64' holds the integer -5, not an integer of at least 0");
  EXPECT_EQ(message(m.integer_or("a.f32", 1)),
            "key 'a.f32' holds a number, not an integer of at least 0");
  EXPECT_EQ(message(m.number("b.text")), "key 'b.text' holds an array of strings, not a number");
  EXPECT_EQ(message(m.boolean("a.u8")), "key 'a.u8' holds the integer 200, not a truth value");
  EXPECT_EQ(message(m.strings("b.i32")),
            "key 'b.i32' holds an array of integers, not an array of strings");
  EXPECT_EQ(message(m.integers("b.u64")),
            "key 'b.u64' holds an array of large integers, not an array of 64-bit integers");
  EXPECT_EQ(message(m.numbers("a.f32")), "key 'a.f32' holds a number, not an array of numbers");
  EXPECT_EQ(message(m.booleans("b.f32")),
            "key 'b.f32' holds an array of numbers, not an array of truth values");
}

TEST(Gguf, ACountPerLayerIsOneIntegerOrOneEach) {
  TestFile file;
  file.entries = {{"one", scalar<uint32_t>(kU32, 4)},
                  {"each", array<int32_t>(kI32, {1, 2, 3})},
                  {"negative", array<int32_t>(kI32, {1, -2, 3})}};
  const Parsed parsed(file.bytes());
  const Metadata& m = parsed.file->metadata();
  EXPECT_EQ(*m.per_layer("one", 3), (std::vector<uint64_t>{4, 4, 4}));
  EXPECT_EQ(*m.per_layer("each", 3), (std::vector<uint64_t>{1, 2, 3}));
  EXPECT_EQ(message(m.per_layer("each", 4)),
            "key 'each' holds 3 integers, but the model has 4 layers");
  EXPECT_EQ(message(m.per_layer("negative", 3)),
            "key 'negative' holds -2; every layer's must be at least 0");
  EXPECT_FALSE(m.per_layer("none", 3).ok());
}

TEST(Gguf, FindsTensorsByName) {
  const TestFile source = good_file();
  const Parsed parsed(source.bytes());
  ASSERT_TRUE(parsed.file.ok()) << message(parsed.file);
  const File& file = *parsed.file;
  EXPECT_EQ(file.version(), 3U);
  EXPECT_EQ(file.file_bytes(), parsed.bytes.size());
  ASSERT_EQ(file.tensors().size(), 3U);
  const Tensor* matrix = file.find("matrix");
  ASSERT_NE(matrix, nullptr);
  EXPECT_EQ(matrix->type, DType::q4_0);
  EXPECT_EQ(matrix->shape, (std::vector<uint64_t>{32, 1}));
  EXPECT_EQ(matrix->bytes, 18U);
  EXPECT_EQ(file.find("last")->elements(), 20U);
  const auto* end = reinterpret_cast<const std::byte*>(parsed.bytes.data()) + parsed.bytes.size();
  EXPECT_EQ(file.find("last")->data + file.find("last")->bytes, end);
  EXPECT_EQ(file.find("none"), nullptr);
}

TEST(Gguf, ReadsVersion2AndAnotherAlignment) {
  TestFile file = good_file();
  file.version = 2;
  file.alignment = 64;
  file.entries.push_back({"general.alignment", scalar<uint32_t>(kU32, 64)});
  file.tensors[1].offset = 64;
  file.tensors[2].offset = 128;
  file.data.resize(128 + 80);
  const Parsed parsed(file.bytes());
  ASSERT_TRUE(parsed.file.ok()) << message(parsed.file);
  EXPECT_EQ(parsed.file->version(), 2U);
}

class Split : public testing::Test {
 protected:
  // A folder of its own: CTest runs tests side by side.
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/fathom-split-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  ~Split() override { std::filesystem::remove_all(folder_); }

  // Part `i` (from 0) of `count`, holding one tensor of 4 bytes.
  static TestFile part(uint16_t i, uint16_t count) {
    TestFile file;
    if (i == 0) file.entries = {{"general.architecture", text("llama")}};
    file.entries.push_back({"split.no", scalar<uint16_t>(kU16, i)});
    file.entries.push_back({"split.count", scalar<uint16_t>(kU16, count)});
    file.entries.push_back({"split.tensors.count", scalar<int32_t>(kI32, count)});
    file.tensors = {{"tensor" + std::to_string(i), {1}, 0, 0}};
    file.data = std::string(4, static_cast<char>('a' + i));
    return file;
  }

  std::string write(const std::string& name, const TestFile& file) {
    const std::string path = (folder_ / name).string();
    std::ofstream(path, std::ios::binary) << file.bytes();
    return path;
  }

  std::filesystem::path folder_;
};

TEST_F(Split, PartsAreReadAsOneFileByAnyName) {
  write("m-00001-of-00003.gguf", part(0, 3));
  write("m-00003-of-00003.gguf", part(2, 3));
  const std::string path = write("m-00002-of-00003.gguf", part(1, 3));
  const Result<File> file = File::open(path);
  ASSERT_TRUE(file.ok()) << message(file);
  EXPECT_EQ(*file->metadata().string("general.architecture"), "llama");
  ASSERT_EQ(file->tensors().size(), 3U);
  for (int i = 0; i < 3; ++i) {
    const Tensor* tensor = file->find("tensor" + std::to_string(i));
    ASSERT_NE(tensor, nullptr);
    EXPECT_EQ(static_cast<char>(tensor->data[3]), 'a' + i);
  }
}

TEST_F(Split, MissingPartsAreNamed) {
  const std::string path = write("m-00001-of-00003.gguf", part(0, 3));
  const std::string text = message(File::open(path));
  EXPECT_NE(text.find("m-00002-of-00003.gguf"), std::string::npos) << text;
  EXPECT_NE(text.find("m-00003-of-00003.gguf"), std::string::npos) << text;
}

TEST_F(Split, PartsThatDoNotFitAreErrors) {
  const std::string path = write("m-00001-of-00002.gguf", part(0, 2));
  write("m-00002-of-00002.gguf", part(0, 2));
  EXPECT_NE(message(File::open(path)).find("'split.no' is 0"), std::string::npos);
  TestFile other = part(1, 2);
  other.tensors.push_back({"more", {1}, 0, 32});
  other.data.resize(36);
  write("m-00002-of-00002.gguf", other);
  EXPECT_NE(message(File::open(path)).find("'split.tensors.count' is 2"), std::string::npos);
  other = part(1, 2);
  other.tensors[0].name = "tensor0";
  write("m-00002-of-00002.gguf", other);
  EXPECT_NE(message(File::open(path)).find("stands twice"), std::string::npos);
  write("m-00002-of-00002.gguf", good_file());
  EXPECT_NE(message(File::open(path)).find("'split.no' is missing"), std::string::npos);
}

TEST_F(Split, APartUnderAnotherNameSaysHowItMustBeNamed) {
  const std::string path = write("renamed.gguf", part(0, 2));
  EXPECT_NE(message(File::open(path)).find("-00001-of-00002.gguf"), std::string::npos);
  const Parsed parsed(part(0, 2).bytes());
  EXPECT_NE(message(parsed.file).find("one of 2 parts"), std::string::npos);
}

}  // namespace
}  // namespace fathom::gguf
