#include "fathom/text/text_ends.h"

#include <vector>

#include <gtest/gtest.h>

namespace fathom {
namespace {

std::vector<TextEnd> ends_of(const std::vector<std::string_view>& tokens) {
  TextEnds ends;
  std::vector<TextEnd> found;
  found.reserve(tokens.size());
  for (const std::string_view token : tokens) found.push_back(ends.next(token));
  return found;
}

constexpr TextEnd kNothing = TextEnd::nothing, kSentence = TextEnd::sentence,
                  kParagraph = TextEnd::paragraph, kSection = TextEnd::section;

TEST(TextEnds, MarksAndLineBreaksEndSentences) {
  EXPECT_EQ(ends_of({"He", " said", " \"no", ".\"", " She", " left", "!", " Why", "?", " x"}),
            (std::vector{kNothing, kNothing, kNothing, kSentence, kNothing, kNothing, kSentence,
                         kNothing, kSentence, kNothing}));
  EXPECT_EQ(ends_of({"a", "\n", "b\n", "c"}),
            (std::vector{kNothing, kSentence, kSentence, kNothing}));
}

TEST(TextEnds, EmptyLinesEndParagraphsAndSectionsHoweverTokensCutThem) {
  EXPECT_EQ(ends_of({"a", "\n", "\n", "b", ".\n\n", "c\r\n", " \n", "d"}),
            (std::vector{kNothing, kSentence, kParagraph, kNothing, kParagraph, kSentence,
                         kParagraph, kNothing}));
  EXPECT_EQ(ends_of({"a\n\n", "\n", "b\n\n\n\n", "c"}),
            (std::vector{kParagraph, kSection, kSection, kNothing}));
}

TEST(TextEnds, BlanksAndNothingEndNothing) {
  EXPECT_EQ(ends_of({"a\n\n", "  ", "", "b", ")", "]"}),
            (std::vector{kParagraph, kNothing, kNothing, kNothing, kNothing, kNothing}));
}

}  // namespace
}  // namespace fathom
