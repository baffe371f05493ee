#include "fathom/text/tokenizer.h"

#include <cmath>

#include <gtest/gtest.h>

#include "fathom/text/test_vocabularies.h"

namespace fathom {
namespace {

using Ids = std::vector<TokenId>;

std::unique_ptr<Tokenizer> make(Vocabulary vocabulary) {
  auto tokenizer = Tokenizer::create(std::move(vocabulary));
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.error().message;
  return std::move(tokenizer).value();
}

Ids encode(const Tokenizer& tokenizer, std::string_view text, bool at_start = true) {
  Ids ids;
  const Status status = tokenizer.encode(text, at_start, ids);
  EXPECT_TRUE(status.ok()) << status.error().message;
  return ids;
}

std::vector<std::string> spelled(const Tokenizer& tokenizer, std::string_view text,
                                 bool at_start = true) {
  std::vector<std::string> out;
  for (const TokenId id : encode(tokenizer, text, at_start))
    out.push_back(tokenizer.vocabulary().tokens[static_cast<size_t>(id)]);
  return out;
}

using Spelled = std::vector<std::string>;

void expect_error(Vocabulary vocabulary, std::string_view part) {
  const auto tokenizer = Tokenizer::create(std::move(vocabulary));
  ASSERT_FALSE(tokenizer.ok()) << part;
  EXPECT_NE(tokenizer.error().message.find(part), std::string::npos) << tokenizer.error().message;
}

TEST(ByteBpe, MergesByRank) {
  const auto tokenizer = make(byte_bpe_vocabulary({"h e", "l l", "he ll", "\u0120 w"}));
  EXPECT_EQ(spelled(*tokenizer, "hello world"),
            (Spelled{"hell", "o", "\u0120w", "o", "r", "l", "d"}));
  EXPECT_EQ(spelled(*tokenizer, ""), Spelled{});
  EXPECT_EQ(tokenizer->decode(encode(*tokenizer, "hello \u20ac\n")), "hello \u20ac\n");
}

TEST(ByteBpe, UserDefinedTokensAreTextAndControlTokensAreNot) {
  Vocabulary vocabulary = byte_bpe_vocabulary({});
  vocabulary.tokens.insert(vocabulary.tokens.end(), {"<|im_end|>", "<a>", "<a><b>"});
  vocabulary.kinds.insert(vocabulary.kinds.end(),
                          {TokenKind::control, TokenKind::user_defined, TokenKind::user_defined});
  const auto tokenizer = make(vocabulary);
  EXPECT_EQ(spelled(*tokenizer, "x<a><b><a>"), (Spelled{"x", "<a><b>", "<a>"}));
  const Ids control = encode(*tokenizer, "<|im_end|>");
  EXPECT_EQ(control.size(), 10u);
  EXPECT_EQ(tokenizer->decode(control), "<|im_end|>");
  const TokenId end = tokenizer->find_special("<|im_end|>").value_or(-1);
  ASSERT_EQ(end, 256);
  EXPECT_EQ(tokenizer->kind(end), TokenKind::control);
  EXPECT_EQ(tokenizer->bytes(end), "");
  EXPECT_TRUE(tokenizer->ends_generation(end));
  EXPECT_FALSE(tokenizer->ends_generation(end + 1));
  EXPECT_EQ(tokenizer->bytes(end + 1), "<a>");
  EXPECT_EQ(tokenizer->find_special("a"), std::nullopt);
}

TEST(ByteBpe, Llama3TakesWholePiecesFirst) {
  Vocabulary vocabulary = byte_bpe_vocabulary({"a b", "b c"});
  vocabulary.tokens.emplace_back("abc");  // which no merge makes
  vocabulary.kinds.push_back(TokenKind::normal);
  EXPECT_EQ(spelled(*make(vocabulary), "abc"), (Spelled{"ab", "c"}));
  vocabulary.pre = "llama-bpe";
  EXPECT_EQ(spelled(*make(vocabulary), "abc"), Spelled{"abc"});
}

TEST(ByteBpe, LeavesOutBytesWithoutToken) {
  Vocabulary vocabulary = byte_bpe_vocabulary({});
  vocabulary.tokens[4] = "<gone>";  // byte 4's
  EXPECT_EQ(spelled(*make(vocabulary), "a\x04z"), (Spelled{"a", "z"}));
}

TEST(ByteBpe, RefusesBadMerges) {
  expect_error(byte_bpe_vocabulary({"ab"}), "is not two tokens");
  Vocabulary vocabulary = byte_bpe_vocabulary({});
  vocabulary.merges = {"a zz"};
  expect_error(vocabulary, "names a token that the vocabulary lacks");
  vocabulary.merges = {"a b"};
  expect_error(vocabulary, "makes a token that the vocabulary lacks");
  vocabulary.merges = {" a"};
  expect_error(vocabulary, "merge 0");
}

TEST(SentencePiece, MergesByScore) {
  const auto tokenizer = make(sentencepiece_vocabulary({"ab", "bc", "\u2581a", "\u2581ab"}));
  EXPECT_EQ(spelled(*tokenizer, "ab"), Spelled{"\u2581ab"});  // the space prefix
  EXPECT_EQ(spelled(*tokenizer, "ab", false), Spelled{"ab"});
  EXPECT_EQ(spelled(*tokenizer, "abc ab", false), (Spelled{"ab", "c", "\u2581ab"}));
  EXPECT_EQ(spelled(*tokenizer, ""), Spelled{});
  EXPECT_EQ(tokenizer->decode(encode(*tokenizer, "ab \u20ac\n", false)), "ab \u20ac\n");
}

TEST(SentencePiece, UnknownCharactersBecomeBytes) {
  const auto tokenizer = make(sentencepiece_vocabulary({}));
  EXPECT_EQ(spelled(*tokenizer, "a\u20ac", false), (Spelled{"a", "<0xE2>", "<0x82>", "<0xAC>"}));
}

TEST(SentencePiece, OrTheUnknownToken) {
  Vocabulary vocabulary = sentencepiece_vocabulary({});
  for (TokenKind& kind : vocabulary.kinds)
    if (kind == TokenKind::byte) kind = TokenKind::unused;
  expect_error(vocabulary, "neither");
  vocabulary.unknown = 0;
  EXPECT_EQ(spelled(*make(vocabulary), "a\u20ac\u20acb", false), (Spelled{"a", "<unk>", "b"}));
}

TEST(SentencePiece, UserDefinedTokensStandApart) {
  Vocabulary vocabulary = sentencepiece_vocabulary({"ab", "\u2581\u2581"});
  vocabulary.tokens.insert(vocabulary.tokens.end(), {"\n\n", "   ", "<b>"});
  vocabulary.scores.insert(vocabulary.scores.end(), 3, 0.0f);
  vocabulary.kinds.insert(vocabulary.kinds.end(), 3, TokenKind::user_defined);
  const auto tokenizer = make(vocabulary);
  EXPECT_EQ(spelled(*tokenizer, "a<b>b\n\n\n     ", false),
            (Spelled{"a", "<b>", "b", "\n\n", "<0x0A>", "   ", "\u2581\u2581"}));
  EXPECT_EQ(spelled(*tokenizer, "<s>", false), (Spelled{"<0x3C>", "s", "<0x3E>"}));
}

TEST(Tokenizer, RefusesBadVocabularies) {
  expect_error({}, "no tokens");
  Vocabulary vocabulary = byte_bpe_vocabulary({});
  vocabulary.model = "bert";
  expect_error(vocabulary, "supported: gpt2");
  vocabulary = byte_bpe_vocabulary({});
  vocabulary.pre = "magic";
  expect_error(vocabulary, "'magic'; supported: smollm");
  vocabulary = byte_bpe_vocabulary({});
  vocabulary.kinds.pop_back();
  expect_error(vocabulary, "token types");
  vocabulary.kinds = std::vector(vocabulary.tokens.size(), TokenKind{9});
  expect_error(vocabulary, "has type 9");
  vocabulary = byte_bpe_vocabulary({});
  vocabulary.eos = static_cast<TokenId>(vocabulary.tokens.size());
  expect_error(vocabulary, "the end token's id");
  vocabulary = byte_bpe_vocabulary({});
  vocabulary.tokens[7] = "\xff";
  expect_error(vocabulary, "token 7 is not UTF-8");
  vocabulary = sentencepiece_vocabulary({"ab"});
  vocabulary.scores.pop_back();
  expect_error(vocabulary, "scores");
  vocabulary.scores.clear();
  expect_error(vocabulary, "without scores");
  vocabulary.scores.assign(vocabulary.tokens.size(), NAN);
  expect_error(vocabulary, "not a number");
}

TEST(Tokenizer, RefusesTextThatIsNotUtf8) {
  for (const auto& vocabulary : {byte_bpe_vocabulary({}), sentencepiece_vocabulary({})}) {
    Ids ids;
    const Status status = make(vocabulary)->encode("abc\xff", true, ids);
    ASSERT_FALSE(status.ok());
    EXPECT_NE(status.error().message.find("offset 3"), std::string::npos);
    EXPECT_TRUE(ids.empty());
  }
}

TEST(Tokenizer, SameSpellingTwiceIsTheFirst) {
  Vocabulary vocabulary = byte_bpe_vocabulary({"a b"});
  vocabulary.tokens.emplace_back("ab");
  vocabulary.kinds.push_back(TokenKind::normal);
  EXPECT_EQ(encode(*make(vocabulary), "ab"), Ids{256});
}

// A million bytes without a border, with which a stack or a square of the length would not
// end well; the test's time limit is the check.
TEST(Tokenizer, LongTextsWithoutBorders) {
  const auto bytes =
      make(byte_bpe_vocabulary({"a a", "aa aa", "aaaa aaaa", "a b", "\u0120 \u0120"}));
  const auto pieces = make(sentencepiece_vocabulary({"aa", "aaaa", "ab", "\u2581\u2581"}));
  constexpr size_t kSize = 1'000'000;
  for (const std::string_view unit : {"a", "ab", " ", " \n", "\u2581", "\U0001f600", "aab)"}) {
    std::string text;
    while (text.size() < kSize) text += unit;
    EXPECT_TRUE(bytes->decode(encode(*bytes, text)) == text) << unit;
    const std::string decoded = pieces->decode(encode(*pieces, text, false));
    EXPECT_TRUE(decoded == text || unit == "\u2581") << unit;  // U+2581 is read as a space
  }
}

}  // namespace
}  // namespace fathom
