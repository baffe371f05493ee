// A tokenizer's ordinary words: tokens that are a space and a word of small letters.
#pragma once

#include <cstddef>
#include <vector>

#include "fathom/text/tokenizer.h"

namespace fathom {

// At most `most` of them, words of four to ten letters, by id: in vocabularies that were merged or
// sorted by frequency the commonest. No word twice.
std::vector<TokenId> word_tokens(const Tokenizer& tokenizer, size_t most);

}  // namespace fathom
