#include "fathom/eval/rouge.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "fathom/eval/porter_stemmer.h"

namespace fathom {
namespace {

using Words = std::vector<uint32_t>;  // numbers for tokens, the same for equal ones

// Numbers words as they come.
class WordNumbers {
 public:
  explicit WordNumbers(bool stem) : stem_(stem) {}

  Words of(std::string_view text) {
    Words words;
    for (std::string& token : rouge_tokens(text, stem_))
      words.push_back(numbers_.try_emplace(std::move(token), static_cast<uint32_t>(numbers_.size()))
                          .first->second);
    return words;
  }

  // Of every line that has a word.
  std::vector<Words> of_lines(std::string_view text) {
    std::vector<Words> lines;
    while (!text.empty()) {
      const size_t end = text.find('\n');
      lines.push_back(of(text.substr(0, end)));
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return lines;
  }

 private:
  bool stem_;
  std::unordered_map<std::string, uint32_t> numbers_;
};

RougeScore score_of(size_t hits, size_t reference_size, size_t answer_size) {
  if (reference_size == 0 || answer_size == 0) return {};
  RougeScore score{.precision = static_cast<double>(hits) / static_cast<double>(answer_size),
                   .recall = static_cast<double>(hits) / static_cast<double>(reference_size)};
  if (hits > 0) score.f1 = 2 * score.precision * score.recall / (score.precision + score.recall);
  return score;
}

RougeScore score_ngrams(const Words& reference, const Words& answer, size_t n) {
  std::map<Words, size_t> counts;  // of the reference's n-grams, those that are not matched yet
  const auto each = [n](const Words& words, const auto& use) {
    for (size_t i = 0; i + n <= words.size(); ++i)
      use(Words(words.begin() + static_cast<ptrdiff_t>(i),
                words.begin() + static_cast<ptrdiff_t>(i + n)));
  };
  each(reference, [&](const Words& ngram) { ++counts[ngram]; });
  size_t hits = 0;
  each(answer, [&](const Words& ngram) {
    const auto found = counts.find(ngram);
    if (found == counts.end() || found->second == 0) return;
    --found->second;
    ++hits;
  });
  const auto count = [n](const Words& words) {
    return words.size() < n ? 0 : words.size() - n + 1;
  };
  return score_of(hits, count(reference), count(answer));
}

// Lengths of the longest common subsequences of prefixes.
class CommonLengths {
 public:
  CommonLengths(const Words& a, const Words& b)
      : columns_(b.size() + 1), lengths_((a.size() + 1) * columns_) {
    for (size_t i = 1; i <= a.size(); ++i)
      for (size_t k = 1; k <= b.size(); ++k)
        lengths_[i * columns_ + k] =
            a[i - 1] == b[k - 1] ? at(i - 1, k - 1) + 1 : std::max(at(i - 1, k), at(i, k - 1));
  }

  uint32_t at(size_t i, size_t k) const { return lengths_[i * columns_ + k]; }

 private:
  size_t columns_;
  std::vector<uint32_t> lengths_;
};

// Adds which of a's words are in one of the longest common subsequences: of several that which
// rouge-score takes.
void add_common(const Words& a, const Words& b, std::set<size_t>& places) {
  const CommonLengths lengths(a, b);
  for (size_t i = a.size(), k = b.size(); i > 0 && k > 0;) {
    if (a[i - 1] == b[k - 1]) {
      places.insert(--i);
      --k;
    } else if (lengths.at(i, k - 1) > lengths.at(i - 1, k)) {
      --k;
    } else {
      --i;
    }
  }
}

RougeScore score_lines(const std::vector<Words>& reference, const std::vector<Words>& answer) {
  const auto count = [](const std::vector<Words>& lines) {
    size_t words = 0;
    for (const Words& line : lines) words += line.size();
    return words;
  };
  // Each word counts as often as both have it.
  std::unordered_map<uint32_t, size_t> left;
  for (const Words& line : answer)
    for (const uint32_t word : line) ++left[word];
  size_t hits = 0;
  for (const Words& line : reference) {
    std::set<size_t> places;
    for (const Words& other : answer) add_common(line, other, places);
    for (const size_t place : places) {
      size_t& available = left[line[place]];
      if (available == 0) continue;
      --available;
      ++hits;
    }
  }
  return score_of(hits, count(reference), count(answer));
}

}  // namespace

std::vector<std::string> rouge_tokens(std::string_view text, bool stem) {
  // The two letters outside ASCII whose lower case is within it.
  constexpr std::string_view kelvin = "\u212a", dotted = "\u0130";
  std::vector<std::string> tokens;
  std::string token;
  const auto end_token = [&] {
    if (token.empty()) return;
    tokens.push_back(stem && token.size() > 3 ? porter_stem(token) : token);
    token.clear();
  };
  while (!text.empty()) {
    char c = text[0];
    size_t bytes = 1;
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    if (text.starts_with(kelvin)) c = 'k', bytes = kelvin.size();
    const bool is_dotted = text.starts_with(dotted);  // i and a dot, which parts words
    if (is_dotted) c = 'i', bytes = dotted.size();
    text.remove_prefix(bytes);
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (is_word) token += c;
    if (!is_word || is_dotted) end_token();
  }
  end_token();
  return tokens;
}

Rouge rouge(std::string_view reference, std::string_view answer, bool stem) {
  WordNumbers numbers(stem);
  const Words of_reference = numbers.of(reference), of_answer = numbers.of(answer);
  const CommonLengths lengths(of_reference, of_answer);
  return {.rouge1 = score_ngrams(of_reference, of_answer, 1),
          .rouge2 = score_ngrams(of_reference, of_answer, 2),
          .rougeL = score_of(lengths.at(of_reference.size(), of_answer.size()), of_reference.size(),
                             of_answer.size()),
          .rougeLsum = score_lines(numbers.of_lines(reference), numbers.of_lines(answer))};
}

Rouge best_rouge(std::span<const std::string> references, std::string_view answer, bool stem) {
  assert(!references.empty());
  Rouge best = rouge(references.front(), answer, stem);
  for (const std::string& reference : references.subspan(1)) {
    const Rouge other = rouge(reference, answer, stem);
    for (RougeScore Rouge::* kind :
         {&Rouge::rouge1, &Rouge::rouge2, &Rouge::rougeL, &Rouge::rougeLsum})
      if ((other.*kind).f1 > (best.*kind).f1) best.*kind = other.*kind;
  }
  return best;
}

}  // namespace fathom
