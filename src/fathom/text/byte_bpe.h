// Byte-level BPE (GPT-2, Llama 3, Qwen, SmolLM): text is cut into pieces (pre_tokenizer.h), and the
// bytes of each merge by the vocabulary's list of merges.
//
// A byte that the vocabulary has no token for is left out, as the tokenizers do that such
// vocabularies come from (SmolLM lacks some control characters). Text is not normalised.
#pragma once

#include <memory>

#include "fathom/text/tokenizer.h"

namespace fathom {

// `vocabulary` has passed Tokenizer::create's checks. Errors: an unknown pre-tokenizer; a merge
// that is not two tokens that make a third.
Result<std::unique_ptr<Tokenizer>> make_byte_bpe(Vocabulary vocabulary);

}  // namespace fathom
