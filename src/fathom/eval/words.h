// English words to draw from: our own lists (data/), in place of those of the Python package
// wonderwords that RULER uses.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "fathom/eval/random.h"

namespace fathom {

// "gentle-falcon".
std::string adjective_noun(Random& random);

// `count` different words, in random order: nouns, adjectives and
// verbs as long as these suffice, else two nouns each, "falconharbor". count <= most_words().
std::vector<std::string> distinct_words(size_t count, Random& random);
size_t most_words();

}  // namespace fathom
