// SentencePiece BPE (Kudo & Richardson 2018) with byte fallback: Llama 2, Mistral, Gemma.
//
// Spaces become U+2581; characters merge into tokens by score, the highest first; a character that
// is part of no token becomes its bytes' tokens, or the unknown token where there are none. Text is
// not normalised otherwise. Tokens marked unused are never made.
#pragma once

#include <memory>

#include "fathom/text/tokenizer.h"

namespace fathom {

// `vocabulary` has passed Tokenizer::create's checks. Errors: no scores, or scores that are not
// numbers; neither byte tokens nor an unknown token; white space that would have to be removed.
Result<std::unique_ptr<Tokenizer>> make_sentencepiece(Vocabulary vocabulary);

}  // namespace fathom
