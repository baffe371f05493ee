// Wrong, cut and damaged GGUF files: always an Error that names the place, never a crash.
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "fathom/gguf/gguf.h"
#include "fathom/gguf/test_file.h"

namespace fathom::gguf {
namespace {

// Parses a copy in heap memory of exactly that size, so that the address sanitizer sees any read
// beyond it; a File is used as a model would use it. Returns the error, or "" if there was none.
std::string parse(const std::string& content) {
  const std::vector<char> bytes(content.begin(), content.end());
  const Result<File> file = File::parse(std::as_bytes(std::span(bytes)), "test.gguf");
  if (!file.ok()) return file.error().message;
  unsigned sum = 0;
  for (const Tensor& tensor : file->tensors()) {
    for (size_t i = 0; i < tensor.bytes; ++i) sum += static_cast<unsigned>(tensor.data[i]);
    EXPECT_EQ(file->find(tensor.name), &tensor);
    EXPECT_EQ(row_bytes(tensor.type, tensor.elements()), tensor.bytes);
  }
  EXPECT_LT(sum, ~0U);
  return "";
}

using Change = void (*)(TestFile&);

struct Wrong {
  std::string name;
  Change change;
  std::string message;  // what the error must say
};

class WrongFile : public testing::TestWithParam<Wrong> {};

TEST_P(WrongFile, IsAnErrorThatNamesTheFault) {
  TestFile file = good_file();
  GetParam().change(file);
  const std::string error = parse(file.bytes());
  EXPECT_EQ(error.rfind("test.gguf: ", 0), 0U) << error;
  EXPECT_NE(error.find(GetParam().message), std::string::npos) << error;
}

const std::vector<Wrong> kWrong = {
    {"Magic", [](TestFile& f) { f.magic = "GGML"; }, "byte 0: not a GGUF file"},
    {"Version1", [](TestFile& f) { f.version = 1; }, "byte 4: GGUF version 1; versions 2 and 3"},
    {"Version4", [](TestFile& f) { f.version = 4; }, "GGUF version 4"},
    {"BigEndian", [](TestFile& f) { f.version = 3 << 24; }, "big-endian"},
    {"KeyTwice", [](TestFile& f) { f.entries.push_back(f.entries[3]); }, "'a.u16' stands twice"},
    {"ValueType", [](TestFile& f) { f.entries[0].value[0] = 13; }, "unknown type 13"},
    {"NestedArray", [](TestFile& f) { f.entries[0].value = array<uint64_t>(kArray, {0, 0}); },
     "'general.architecture' is an array of arrays"},
    {"Bool", [](TestFile& f) { f.entries[11].value = scalar<uint8_t>(kBool, 2); },
     "'a.bool' is the truth value 2; valid are 0 and 1"},
    {"BoolInArray", [](TestFile& f) { f.entries[15].value = array<uint8_t>(kBool, {0, 9}); },
     "'b.bool' is the truth value 9"},
    {"StringLength", [](TestFile& f) { f.entries[0].value[11] = '\x7f'; },
     "the length of the value of key 'general.architecture' is"},
    {"ArrayLength", [](TestFile& f) { f.entries[12].value[15] = '\x7f'; },
     "the length of the value of key 'b.i32' is"},
    {"TextsLength", [](TestFile& f) { f.entries[16].value[15] = '\x7f'; },
     "the length of the value of key 'b.text' is"},
    {"AlignmentKind", [](TestFile& f) { f.entries[0] = {"general.alignment", text("x")}; },
     "key 'general.alignment' holds a string"},
    {"AlignmentZero",
     [](TestFile& f) { f.entries[0] = {"general.alignment", scalar<uint32_t>(kU32, 0)}; },
     "'general.alignment' is 0; it must be a power of two"},
    {"AlignmentOdd",
     [](TestFile& f) { f.entries[0] = {"general.alignment", scalar<uint32_t>(kU32, 48)}; },
     "'general.alignment' is 48; it must be a power of two"},
    {"AlignmentHuge",
     [](TestFile& f) { f.entries[0] = {"general.alignment", scalar(kU64, uint64_t{1} << 63)}; },
     "it must be a power of two"},
    {"NoDimensions", [](TestFile& f) { f.tensors[0].shape.clear(); },
     "tensor 'norm' has 0 dimensions; valid are 1 to 4"},
    {"FiveDimensions", [](TestFile& f) { f.tensors[0].shape = {1, 1, 1, 1, 1}; },
     "tensor 'norm' has 5 dimensions"},
    {"DimensionZero", [](TestFile& f) { f.tensors[2].shape[1] = 0; },
     "tensor 'last' has a dimension of size 0"},
    {"ShapeOverflows",
     [](TestFile& f) { f.tensors[2].shape = {uint64_t{1} << 32, uint64_t{1} << 32}; },
     "tensor 'last' is larger than the whole file"},
    {"BytesOverflow", [](TestFile& f) { f.tensors[2].shape = {uint64_t{1} << 62}; },
     "tensor 'last' is larger than the whole file"},
    {"PartialBlock", [](TestFile& f) { f.tensors[1].shape = {16, 2}; },
     "tensor 'matrix' has rows of 16 elements, but Q4_0 comes in blocks of 32"},
    {"TensorType", [](TestFile& f) { f.tensors[1].type = 16; },
     "tensor 'matrix' has the type 16, which is not supported; supported are F32, F16, Q4_0"},
    {"TensorTwice", [](TestFile& f) { f.tensors[2].name = "norm"; }, "tensor 'norm' stands twice"},
    {"Misaligned", [](TestFile& f) { f.tensors[1].offset = 40; },
     "tensor 'matrix' lies at data offset 40, which is not a multiple of the alignment 32"},
    {"BeyondTheEnd", [](TestFile& f) { f.tensors[1].offset = uint64_t{1} << 63; },
     "tensor 'matrix' takes 18 bytes at data offset 9223372036854775808"},
    {"CutData", [](TestFile& f) { f.data.pop_back(); },
     "tensor 'last' takes 80 bytes at data offset 64, but the file holds 143 bytes"},
    {"Overlap", [](TestFile& f) { f.tensors[1].offset = 64; }, "overlaps tensor '"},
    {"ElementAlignment",
     [](TestFile& f) {
       f.entries.push_back({"general.alignment", scalar<uint32_t>(kU32, 1)});
       f.alignment = 1;
       f.tensors = {{"norm", {3}, 0, 0}, {"more", {3}, 0, 13}};
     },
     "which is not aligned for F32"},
};

std::string wrong_name(const testing::TestParamInfo<Wrong>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Gguf, WrongFile, testing::ValuesIn(kWrong), wrong_name);

TEST(Damage, HugeCountsAreRefusedBeforeMemoryIsTaken) {
  for (const size_t at : {size_t{8}, size_t{16}}) {  // tensors, metadata entries
    std::string bytes = good_file().bytes();
    bytes[at + 7] = '\x7f';
    EXPECT_NE(parse(bytes).find("byte " + std::to_string(at) + ": the number of"),
              std::string::npos);
  }
}

TEST(Damage, NamesFromTheFileAreEscapedAndCut) {
  TestFile file = good_file();
  file.tensors[0].name = "\x1b[31m" + std::string(1000, 'n');
  file.tensors[0].type = 99;
  const std::string error = parse(file.bytes());
  EXPECT_NE(error.find("tensor '\\x1b[31mnnn"), std::string::npos) << error;
  EXPECT_LT(error.size(), 400U);
}

TEST(Damage, AFileCutAnywhereIsAnError) {
  const std::string whole = good_file().bytes();
  EXPECT_EQ(parse(whole), "");
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(parse(whole.substr(0, size)).rfind("test.gguf: ", 0), 0U) << size;
}

TEST(Damage, FlippedBitsNeverCrash) {
  const std::string whole = good_file().bytes();
  std::mt19937 random(1);
  size_t errors = 0;
  for (int trial = 0; trial < 20000; ++trial) {
    std::string bytes = whole;
    for (int flips = 1 + trial % 4; flips > 0; --flips) {
      const size_t bit = random() % (8 * bytes.size());
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    }
    if (!parse(bytes).empty()) ++errors;
  }
  EXPECT_GT(errors, 1000U);
}

TEST(Damage, EveryByteMayBeAnyOfItsExtremes) {
  const std::string whole = good_file().bytes();
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const char extreme : {'\0', '\x01', '\x7f', '\x80', '\xff'}) {
      std::string bytes = whole;
      bytes[at] = extreme;
      parse(bytes);
    }
  }
}

}  // namespace
}  // namespace fathom::gguf
