// Porter's stemmer of English words, with the departures that NLTK makes from it.
//
// Porter 1980, "An algorithm for suffix stripping", Program 14(3); the departures are those of
// NLTK's PorterStemmer in its mode NLTK_EXTENSIONS, which PyPI's rouge-score uses.
#pragma once

#include <string>
#include <string_view>

namespace fathom {

// Of a word in lower case; other bytes than letters count as consonants.
std::string porter_stem(std::string_view word);

}  // namespace fathom
