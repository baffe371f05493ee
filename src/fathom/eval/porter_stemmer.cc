#include "fathom/eval/porter_stemmer.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <utility>

namespace fathom {
namespace {

using Text = std::string_view;

bool is_consonant(Text word, size_t at) {
  // A y after a consonant is a vowel.
  bool y_is_consonant = true;
  size_t first = at;
  while (first > 0 && word[first] == 'y') --first;
  for (size_t i = first; i <= at; ++i) {
    const bool is_vowel = Text("aeiou").find(word[i]) != Text::npos;
    const bool consonant = word[i] == 'y' ? y_is_consonant : !is_vowel;
    if (i == at) return consonant;
    y_is_consonant = !consonant;
  }
  return true;
}

// m in Porter's [C](VC)^m[V].
size_t measure(Text stem) {
  size_t count = 0;
  for (size_t i = 1; i < stem.size(); ++i)
    if (is_consonant(stem, i) && !is_consonant(stem, i - 1)) ++count;
  return count;
}

bool has_vowel(Text stem) {
  for (size_t i = 0; i < stem.size(); ++i)
    if (!is_consonant(stem, i)) return true;
  return false;
}

bool ends_double_consonant(Text word) {
  const size_t size = word.size();
  return size >= 2 && word[size - 1] == word[size - 2] && is_consonant(word, size - 1);
}

// Consonant, vowel, consonant, the last no w, x or y; NLTK takes a word of a vowel and a consonant
// too.
bool ends_cvc(Text word) {
  const size_t size = word.size();
  if (size == 2) return !is_consonant(word, 0) && is_consonant(word, 1);
  return size >= 3 && is_consonant(word, size - 3) && !is_consonant(word, size - 2) &&
         is_consonant(word, size - 1) && Text("wxy").find(word.back()) == Text::npos;
}

std::string replaced(Text word, Text suffix, Text replacement) {
  return std::string(word.substr(0, word.size() - suffix.size())) + std::string(replacement);
}

struct Rule {
  Text suffix, replacement;
};

// The first rule whose suffix the word has settles it: applied where the stem's measure is at least
// `least`.
std::string apply(std::span<const Rule> rules, Text word, size_t least) {
  for (const Rule& rule : rules) {
    if (!word.ends_with(rule.suffix)) continue;
    const Text stem = word.substr(0, word.size() - rule.suffix.size());
    return measure(stem) >= least ? replaced(word, rule.suffix, rule.replacement)
                                  : std::string(word);
  }
  return std::string(word);
}

std::string step_1a(const std::string& word) {
  if (word.ends_with("ies") && word.size() == 4) return replaced(word, "ies", "ie");  // NLTK
  constexpr std::array<Rule, 4> rules = {{{"sses", "ss"}, {"ies", "i"}, {"ss", "ss"}, {"s", ""}}};
  return apply(rules, word, 0);
}

// After -ed or -ing is taken off: "hopp" to "hop", "conflat" to "conflate", "fil" to "file".
std::string mended(const std::string& stem) {
  constexpr std::array<Rule, 3> rules = {{{"at", "ate"}, {"bl", "ble"}, {"iz", "ize"}}};
  for (const Rule& rule : rules)
    if (stem.ends_with(rule.suffix)) return apply(rules, stem, 0);
  if (ends_double_consonant(stem))
    return Text("lsz").find(stem.back()) == Text::npos ? stem.substr(0, stem.size() - 1) : stem;
  return measure(stem) == 1 && ends_cvc(stem) ? stem + "e" : stem;
}

std::string step_1b(const std::string& word) {
  if (word.ends_with("ied")) return replaced(word, "ied", word.size() == 4 ? "ie" : "i");  // NLTK
  if (word.ends_with("eed")) {
    const Text stem = Text(word).substr(0, word.size() - 3);
    return measure(stem) > 0 ? replaced(word, "eed", "ee") : word;
  }
  for (const Text suffix : {Text("ed"), Text("ing")}) {
    if (!word.ends_with(suffix)) continue;
    const std::string stem = replaced(word, suffix, "");
    if (has_vowel(stem)) return mended(stem);
  }
  return word;
}

std::string step_1c(const std::string& word) {
  // NLTK: after a consonant that is not the first letter, so that "enjoy" keeps its y.
  const bool applies =
      word.ends_with('y') && word.size() > 2 && is_consonant(word, word.size() - 2);
  return applies ? replaced(word, "y", "i") : word;
}

std::string step_2(std::string word) {
  while (word.ends_with("alli") && measure(Text(word).substr(0, word.size() - 4)) > 0)  // NLTK
    word = replaced(word, "alli", "al");
  constexpr std::array<Rule, 21> rules = {{
      {"ational", "ate"}, {"tional", "tion"}, {"enci", "ence"},   {"anci", "ance"},
      {"izer", "ize"},    {"bli", "ble"},     {"alli", "al"},     {"entli", "ent"},
      {"eli", "e"},       {"ousli", "ous"},   {"ization", "ize"}, {"ation", "ate"},
      {"ator", "ate"},    {"alism", "al"},    {"iveness", "ive"}, {"fulness", "ful"},
      {"ousness", "ous"}, {"aliti", "al"},    {"iviti", "ive"},   {"biliti", "ble"},
      {"fulli", "ful"},
  }};
  if (word.ends_with("logi"))  // NLTK; the l counts for the measure
    return measure(Text(word).substr(0, word.size() - 3)) > 0 ? replaced(word, "logi", "log")
                                                              : word;
  return apply(rules, word, 1);
}

std::string step_3(const std::string& word) {
  constexpr std::array<Rule, 7> rules = {{{"icate", "ic"},
                                          {"ative", ""},
                                          {"alize", "al"},
                                          {"iciti", "ic"},
                                          {"ical", "ic"},
                                          {"ful", ""},
                                          {"ness", ""}}};
  return apply(rules, word, 1);
}

std::string step_4(const std::string& word) {
  if (word.ends_with("ion")) {
    const Text stem = Text(word).substr(0, word.size() - 3);
    const bool applies = measure(stem) > 1 && (stem.back() == 's' || stem.back() == 't');
    return applies ? std::string(stem) : word;
  }
  constexpr std::array<Rule, 18> rules = {{{"al", ""},
                                           {"ance", ""},
                                           {"ence", ""},
                                           {"er", ""},
                                           {"ic", ""},
                                           {"able", ""},
                                           {"ible", ""},
                                           {"ant", ""},
                                           {"ement", ""},
                                           {"ment", ""},
                                           {"ent", ""},
                                           {"ou", ""},
                                           {"ism", ""},
                                           {"ate", ""},
                                           {"iti", ""},
                                           {"ous", ""},
                                           {"ive", ""},
                                           {"ize", ""}}};
  return apply(rules, word, 2);
}

std::string step_5(std::string word) {
  if (word.ends_with('e')) {
    const Text stem = Text(word).substr(0, word.size() - 1);
    const size_t m = measure(stem);
    if (m > 1 || (m == 1 && !ends_cvc(stem))) word.pop_back();
  }
  if (word.ends_with("ll") && measure(Text(word).substr(0, word.size() - 1)) > 1) word.pop_back();
  return word;
}

// Words that NLTK knows by heart.
constexpr std::array<std::pair<Text, Text>, 16> kIrregular = {{{"sky", "sky"},
                                                               {"skies", "sky"},
                                                               {"dying", "die"},
                                                               {"lying", "lie"},
                                                               {"tying", "tie"},
                                                               {"news", "news"},
                                                               {"innings", "inning"},
                                                               {"inning", "inning"},
                                                               {"outings", "outing"},
                                                               {"outing", "outing"},
                                                               {"cannings", "canning"},
                                                               {"canning", "canning"},
                                                               {"howe", "howe"},
                                                               {"proceed", "proceed"},
                                                               {"exceed", "exceed"},
                                                               {"succeed", "succeed"}}};

}  // namespace

std::string porter_stem(std::string_view word) {
  if (word.size() <= 2) return std::string(word);
  const auto known = std::ranges::find(kIrregular, word, &std::pair<Text, Text>::first);
  if (known != kIrregular.end()) return std::string(known->second);
  const std::string singular = step_1c(step_1b(step_1a(std::string(word))));
  return step_5(step_4(step_3(step_2(singular))));
}

}  // namespace fathom
