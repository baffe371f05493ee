#include "fathom/eval/recall_text.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <functional>
#include <set>
#include <utility>

namespace fathom {
namespace {

constexpr double kPower = 0.01;

// `count` different numbers below `end`, i with weight (i + 1)^(a - 1): the greatest of
// log(uniform) / weight (Efraimidis and Spirakis 2006), ascending. The same distribution as drawing
// one after another without putting back.
std::vector<size_t> draw_gaps(size_t count, size_t end, Random& random) {
  std::vector<std::pair<double, size_t>> keys;
  keys.reserve(end);
  for (size_t i = 0; i < end; ++i) {
    const double uniform = (static_cast<double>(random.bits() >> 11) + 0.5) * 0x1p-53;
    const double weight = std::pow(static_cast<double>(i + 1), kPower - 1);
    keys.emplace_back(std::log(uniform) / weight, i);
  }
  std::ranges::partial_sort(keys, keys.begin() + static_cast<ptrdiff_t>(count), std::greater());
  std::vector<size_t> gaps;
  gaps.reserve(count);
  for (size_t i = 0; i < count; ++i) gaps.push_back(keys[i].second);
  return gaps;
}

}  // namespace

RecallText recall_text(std::span<const TokenId> words, size_t pairs, size_t length,
                       Random& random) {
  assert(pairs > 0 && length >= least_recall_length(pairs) && words.size() >= 4 * pairs);
  const std::vector<size_t> keys = random.distinct(pairs, (words.size() + 1) / 2);
  const std::vector<size_t> values = random.distinct(pairs, words.size() / 2);
  RecallText text;
  std::set<TokenId> used;
  for (size_t i = 0; i < pairs; ++i) {
    for (const TokenId token : {words[2 * keys[i]], words[2 * values[i] + 1]}) {
      text.tokens.push_back(token);
      used.insert(token);
    }
    text.values.push_back(text.tokens.back());
  }
  while (text.tokens.size() < length) {
    const TokenId token = words[random.below(words.size())];
    if (!used.contains(token)) text.tokens.push_back(token);
  }
  // The first drawn gap, likeliest the shortest, is the first pair's, as in zoology.
  const std::vector<size_t> gaps = draw_gaps(pairs, (length - 2 * pairs) / 2, random);
  std::vector<std::pair<size_t, size_t>> asked;  // places in the text, and pairs
  asked.reserve(pairs);
  for (size_t i = 0; i < pairs; ++i) asked.emplace_back(2 * pairs + 2 * gaps[i], i);
  std::ranges::sort(asked);
  for (const auto& [place, pair] : asked) {
    text.tokens[place] = text.tokens[2 * pair];
    text.queries.push_back(place);
    text.answers.push_back(text.values[pair]);
  }
  return text;
}

}  // namespace fathom
