#include "fathom/text/utf8.h"

#include <gtest/gtest.h>

namespace fathom {
namespace {

TEST(Utf8, FindsTheFirstBadByte) {
  EXPECT_EQ(find_invalid_utf8(""), std::nullopt);
  EXPECT_EQ(find_invalid_utf8("plain ASCII of more than eight bytes"), std::nullopt);
  EXPECT_EQ(find_invalid_utf8("\u00e9\u20ac\U0001f600\U0010ffff\ue000"), std::nullopt);
  EXPECT_EQ(find_invalid_utf8("12345678abc\xff"), 11u);
  EXPECT_EQ(find_invalid_utf8("a\x80"), 1u);              // a continuation alone
  EXPECT_EQ(find_invalid_utf8("ab\xc0\xaf"), 2u);         // overlong
  EXPECT_EQ(find_invalid_utf8("\xe0\x9f\xbf"), 0u);       // overlong
  EXPECT_EQ(find_invalid_utf8("\xf0\x8f\xbf\xbf"), 0u);   // overlong
  EXPECT_EQ(find_invalid_utf8("\xed\xa0\x80"), 0u);       // surrogate
  EXPECT_EQ(find_invalid_utf8("\xf4\x90\x80\x80"), 0u);   // above U+10FFFF
  EXPECT_EQ(find_invalid_utf8("abcdefghi\xe2\x82"), 9u);  // cut off
  EXPECT_EQ(find_invalid_utf8("\xe2\x82\x61"), 0u);       // cut short
  EXPECT_EQ(find_invalid_utf8(std::string("\0a", 2)), std::nullopt);
}

TEST(Utf8, CodePointsGoThereAndBack) {
  for (char32_t c = 0; c < 0x110000; c += c < 0x3000 ? 1 : 251) {
    if (c >= 0xd800 && c < 0xe000) continue;
    std::string text;
    append_utf8(c, text);
    EXPECT_EQ(find_invalid_utf8(text), std::nullopt) << std::hex << static_cast<uint32_t>(c);
    size_t offset = 0;
    EXPECT_TRUE(next_code_point(text, offset) == c) << std::hex << static_cast<uint32_t>(c);
    EXPECT_EQ(offset, text.size());
  }
}

// The stream's output must not depend on where the bytes are cut.
TEST(Utf8Stream, GivesWholeCharacters) {
  const std::string text = "a\u00e9\u20ac\U0001f600z";
  Utf8Stream stream;
  std::string out;
  for (const char byte : text) {
    const std::string piece = stream.push(std::string_view(&byte, 1));
    EXPECT_EQ(find_invalid_utf8(piece), std::nullopt);
    out += piece;
  }
  EXPECT_EQ(out, text);
  EXPECT_EQ(stream.finish(), "");
}

TEST(Utf8Stream, ReplacesWhatBelongsToNoCharacter) {
  const std::string bytes = "a\xff\xe2\x82z\xf0\x9f\x98\x80\xc3";
  Utf8Stream whole;
  EXPECT_EQ(whole.push(bytes), "a\ufffd\ufffdz\U0001f600");
  EXPECT_EQ(whole.finish(), "\ufffd");
  EXPECT_EQ(whole.finish(), "");
  Utf8Stream bytewise;
  std::string out;
  for (const char byte : bytes) out += bytewise.push(std::string_view(&byte, 1));
  EXPECT_EQ(out, "a\ufffd\ufffdz\U0001f600");
}

}  // namespace
}  // namespace fathom
