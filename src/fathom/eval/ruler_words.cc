#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>
#include <string>

#include "fathom/eval/random.h"
#include "fathom/eval/ruler.h"
#include "fathom/eval/words.h"

namespace fathom::ruler {
namespace {

constexpr size_t kCommon = 10;

// "1. one 2. two".
std::string numbered(const std::vector<std::string>& words) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i)
    text += (i == 0 ? "" : " ") + std::to_string(i + 1) + ". " + words[i];
  return text;
}

struct WordList {
  size_t words;  // different ones
  size_t common_repeats;
  size_t other_repeats;
};

Question list_question(const WordList& list, Random& random) {
  const std::vector<std::string> words = distinct_words(list.words, random);
  Question question;
  question.references.assign(words.begin(), words.begin() + kCommon);
  std::vector<std::string> all;
  for (size_t i = 0; i < words.size(); ++i)
    all.insert(all.end(), i < kCommon ? list.common_repeats : list.other_repeats, words[i]);
  random.shuffle(all);
  question.text =
      "Below is a numbered list of words. In these words, some appear more often than others. "
      "Memorize the ones that appear most often.\n" +
      numbered(all) + "\nQuestion: What are the 10 most common words in the above list?";
  question.answer_start = "Answer: The top 10 words that appear most often in the list are:";
  question.max_tokens = 120;
  return question;
}

}  // namespace

Question common_words(size_t length, uint64_t seed, size_t words) {
  const bool is_short = length < 4096;
  Random example_random(seed_of(seed, "example"));
  const Question example =
      list_question(is_short ? WordList{20, 3, 1} : WordList{40, 10, 3}, example_random);
  Random random(seed);
  Question question =
      list_question(is_short ? WordList{words, 6, 1} : WordList{words, 30, 3}, random);
  question.text = example.text + " " + example.answer_start + " " + numbered(example.references) +
                  "\n" + question.text;
  return question;
}

Question frequent_words(size_t length, uint64_t seed, size_t words) {
  constexpr size_t kAnswerTokens = 50;
  constexpr size_t kAsked = 3;
  constexpr double kZeta2 = std::numbers::pi * std::numbers::pi / 6;  // zeta(2)
  // The noise, the three, and one at least that is none of them.
  const size_t different =
      std::max(kAsked + 2, (std::max(length, kAnswerTokens) - kAnswerTokens) / 50);
  Random random(seed);
  std::vector<std::string> coded = {"..."};  // the commonest is noise
  std::set<std::string> seen;
  while (coded.size() < different) {
    std::string word = random.letters(6, 'a', 'z');
    if (seen.insert(word).second) coded.push_back(std::move(word));
  }
  std::vector<std::string> text;
  for (size_t i = 0; i < coded.size(); ++i) {
    const auto rank = static_cast<double>(i + 1);
    const double count = static_cast<double>(words) / (rank * rank) / kZeta2;
    text.insert(text.end(), static_cast<size_t>(count), coded[i]);
  }
  random.shuffle(text);
  Question question;
  question.references.assign(coded.begin() + 1, coded.begin() + 1 + kAsked);
  question.text =
      "Read the following coded text and track the frequency of each coded word. Find the three "
      "most frequently appeared coded words.";
  for (const std::string& word : text) question.text += " " + word;
  question.text +=
      "\nQuestion: Do not provide any explanation. Please ignore the dots '....'. What are the "
      "three most frequently appeared words in the above coded text?";
  question.answer_start =
      "Answer: According to the coded text above, the three most frequently appeared words are:";
  question.max_tokens = kAnswerTokens;
  return question;
}

}  // namespace fathom::ruler
