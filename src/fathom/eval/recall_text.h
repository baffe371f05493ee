// Texts of multi-query associative recall (MQAR): pairs of a key and a value, then some of the keys
// again, where the value should follow.
//
// Arora et al. 2023, "Zoology", arXiv:2312.04927, section 4 and its generator (HazyResearch,
// zoology, multiquery_ar): all pairs first; every key is asked for once, at an even place of the
// rest, nearer ones likelier, by the power law a * gap^(a - 1) with a = 0.01. Between the queries
// stand random tokens; here words that are none of the sample's keys and values, so that no key is
// asked for unnoticed.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "fathom/base/position.h"
#include "fathom/eval/random.h"

namespace fathom {

struct RecallText {
  std::vector<TokenId> tokens;
  std::vector<size_t> queries;   // indices of the keys that are asked for, ascending
  std::vector<TokenId> answers;  // the right value of each
  std::vector<TokenId> values;   // all of the sample's values, as they stand in the text
};

// The tokens that `pairs` pairs need at least.
constexpr size_t least_recall_length(size_t pairs) { return 4 * pairs; }

// Of `length` tokens >= least_recall_length(pairs). Even entries of `words` are keys, odd ones
// values; there are at least 2 * pairs of each.
RecallText recall_text(std::span<const TokenId> words, size_t pairs, size_t length, Random& random);

}  // namespace fathom
