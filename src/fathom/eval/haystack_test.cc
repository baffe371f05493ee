#include "fathom/eval/haystack.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace fathom {
namespace {

std::vector<std::string> sentences_of(const std::string& text) {
  const std::vector<EvalText> texts = {{.name = "text", .text = text}};
  const Haystack haystack = Haystack::of(texts).value();
  std::vector<std::string> sentences;
  for (size_t i = 0; i < haystack.sentences(); ++i) sentences.emplace_back(haystack.sentence(i));
  return sentences;
}

TEST(Haystack, CutsAtTheEndsOfSentences) {
  EXPECT_EQ(sentences_of("  One is 3.5 m. \"Two!\" (Three?)\nFour"),
            (std::vector<std::string>{"One is 3.5 m. \"Two!\" ", "(Three?)\n", "Four "}));
  EXPECT_EQ(sentences_of("It ends. So it does."),
            (std::vector<std::string>{"It ends. ", "So it does. "}));
}

TEST(Haystack, KeepsNumbersOfListsAndInitialsWithWhatTheyName) {
  EXPECT_EQ(
      sentences_of("1. Definitions are here. See J. Smith. 2.1. More."),
      (std::vector<std::string>{"1. Definitions are here. ", "See J. Smith. ", "2.1. More. "}));
}

TEST(Haystack, ANumberMayEndASentence) {
  EXPECT_EQ(sentences_of("It was 1902. He had 7.\nThen:\n2. Two."),
            (std::vector<std::string>{"It was 1902. ", "He had 7.\n", "Then:\n2. Two. "}));
}

TEST(Haystack, AnEmptyLineEndsAHeading) {
  EXPECT_EQ(sentences_of("TERMS\n\nYou may not."),
            (std::vector<std::string>{"TERMS\n\n", "You may not. "}));
}

TEST(Haystack, CutsBetweenWordsWhatHasNoSentences) {
  std::string log;
  for (int line = 0; line < 300; ++line) log += "line " + std::to_string(line) + " of a log\n";
  const std::vector<std::string> sentences = sentences_of(log);
  std::string joined;
  for (const std::string& sentence : sentences) {
    EXPECT_LE(sentence.size(), 1001u);
    joined += sentence;
  }
  EXPECT_GT(sentences.size(), 4u);
  EXPECT_EQ(joined, log);
}

TEST(Haystack, CutsWordsWithoutEndBetweenCharacters) {
  std::string whale;
  for (int i = 0; i < 999; ++i) whale += "鯨";
  for (const std::string& sentence : sentences_of(whale)) {
    EXPECT_LE(sentence.size(), 1001u);
    EXPECT_EQ(sentence.size() % 3, 1u) << "whole characters of three bytes, and a space";
  }
}

TEST(Haystack, TextsFollowOneAnotherAndRepeat) {
  const std::vector<EvalText> texts = {{.name = "a", .text = "One. Two."},
                                       {.name = "b", .text = "Three."}};
  const Haystack haystack = Haystack::of(texts).value();
  EXPECT_EQ(haystack.sentence(2), "Three. ");
  EXPECT_EQ(haystack.sentence(3), "One. ");
  EXPECT_EQ(haystack.first_words(5),
            (std::vector<std::string>{"One.", "Two.", "Three.", "One.", "Two."}));
}

TEST(Haystack, WordsAreASpaceApartAndTheLastSentenceMayBeCut) {
  const std::vector<EvalText> texts = {{.name = "a", .text = "A\n fine   day. It is, too."}};
  EXPECT_EQ(Haystack::of(texts).value().first_words(5),
            (std::vector<std::string>{"A fine day.", "It is,"}));
}

TEST(Haystack, ErrorsNameTheText) {
  const std::vector<EvalText> broken = {{.name = "b.txt", .text = "ab\xff"}};
  EXPECT_EQ(Haystack::of(broken).error().message, "b.txt: not UTF-8 at byte 2");
  const std::vector<EvalText> blank = {{.name = "c.txt", .text = " \n"}};
  EXPECT_EQ(Haystack::of(blank).error().message, "c.txt: has no words");
}

}  // namespace
}  // namespace fathom
