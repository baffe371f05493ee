#include "fathom/text/pre_tokenizer.h"

#include <vector>

#include <gtest/gtest.h>

namespace fathom {
namespace {

std::vector<std::string> pieces(std::string_view name, std::string_view text) {
  const auto pre_tokenizer = PreTokenizer::named(name);
  EXPECT_TRUE(pre_tokenizer.ok()) << name;
  std::vector<std::string> out;
  pre_tokenizer->split(text, [&](std::string_view piece) { out.emplace_back(piece); });
  return out;
}

using Pieces = std::vector<std::string>;

TEST(PreTokenizer, Gpt2) {
  EXPECT_EQ(pieces("gpt-2", ""), Pieces{});
  EXPECT_EQ(pieces("gpt-2", "I'll  go,   now"),
            (Pieces{"I", "'ll", " ", " go", ",", "  ", " now"}));
  EXPECT_EQ(pieces("gpt-2", "IT'S 12345 \u00bd!?"),
            (Pieces{"IT", "'", "S", " 12345", " \u00bd", "!?"}));
  EXPECT_EQ(pieces("gpt-2", "a\n\nb \n"), (Pieces{"a", "\n", "\n", "b", " \n"}));
  EXPECT_EQ(pieces("gpt-2", "x\u00a0y\u3000"), (Pieces{"x", "\u00a0", "y", "\u3000"}));
  EXPECT_EQ(pieces("gpt-2", "e\u0301t"), (Pieces{"e", "\u0301", "t"}));  // a mark is no letter
  EXPECT_EQ(pieces("gpt-2", "'"), Pieces{"'"});
}

TEST(PreTokenizer, SmolLmSplitsDigits) {
  EXPECT_EQ(pieces("smollm", "in 1984,  5"),
            (Pieces{"in", " ", "1", "9", "8", "4", ",", "  ", "5"}));
}

TEST(PreTokenizer, Llama3AndQwen2) {
  EXPECT_EQ(pieces("llama-bpe", "IT'S $ab 12345"),
            (Pieces{"IT", "'S", " $", "ab", " ", "123", "45"}));
  EXPECT_EQ(pieces("qwen2", "x=12"), (Pieces{"x", "=", "1", "2"}));
  EXPECT_EQ(pieces("qwen2", "(a);\n\n  b"), (Pieces{"(a", ");\n\n", " ", " b"}));
  EXPECT_EQ(pieces("qwen2", "a \n\t\n  b"), (Pieces{"a", " \n\t\n", " ", " b"}));
  EXPECT_EQ(pieces("qwen2", "a\u017f'\u017fb"), (Pieces{"a\u017f", "'\u017f", "b"}));
}

TEST(PreTokenizer, Default) {
  EXPECT_EQ(pieces("default", "a+b, 12345"), (Pieces{"a", "+", "b", ",", " ", "123", "45"}));
}

TEST(PreTokenizer, UnknownNamesListTheKnown) {
  const auto unknown = PreTokenizer::named("tekken");
  ASSERT_FALSE(unknown.ok());
  for (const char* name : {"tekken", "smollm", "gpt-2", "llama-bpe", "qwen2"})
    EXPECT_NE(unknown.error().message.find(name), std::string::npos) << name;
}

}  // namespace
}  // namespace fathom
