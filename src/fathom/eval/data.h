// The files of data/, as they are (cmake/EmbedData.cmake): words to draw from, and questions about
// texts of our own for who gives none.
#pragma once

#include <string_view>

namespace fathom::data {

// Words in small letters, white space between; none is part of another, in any of the three.
extern const std::string_view nouns;
extern const std::string_view adjectives;
extern const std::string_view verbs;

// Invented paragraphs with a question each, in SQuAD's format.
extern const std::string_view paragraphs;
// Invented pairs of paragraphs with a question that needs both, in HotpotQA's format.
extern const std::string_view two_hops;

}  // namespace fathom::data
