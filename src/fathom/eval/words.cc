#include "fathom/eval/words.h"

#include <cassert>
#include <string_view>

#include "fathom/eval/data.h"

namespace fathom {
namespace {

using Words = std::vector<std::string_view>;

Words split(std::string_view text) {
  Words words;
  for (size_t begin = text.find_first_not_of(" \n"); begin != std::string_view::npos;) {
    const size_t end = std::min(text.find_first_of(" \n", begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(" \n", end);
  }
  return words;
}

const Words& nouns() {
  static const Words words = split(data::nouns);
  return words;
}

const Words& adjectives() {
  static const Words words = split(data::adjectives);
  return words;
}

const Words& all_words() {
  static const Words words = [] {
    Words all = nouns();
    all.insert(all.end(), adjectives().begin(), adjectives().end());
    const Words verbs = split(data::verbs);
    all.insert(all.end(), verbs.begin(), verbs.end());
    return all;
  }();
  return words;
}

}  // namespace

std::string adjective_noun(Random& random) {
  const std::string adjective(random.one_of(adjectives()));
  return adjective + "-" + std::string(random.one_of(nouns()));
}

size_t most_words() { return nouns().size() * nouns().size(); }

std::vector<std::string> distinct_words(size_t count, Random& random) {
  assert(count <= most_words());
  std::vector<std::string> words;
  if (count <= all_words().size()) {
    for (const size_t i : random.distinct(count, all_words().size()))
      words.emplace_back(all_words()[i]);
    return words;
  }
  for (const size_t i : random.distinct(count, most_words())) {
    words.emplace_back(nouns()[i / nouns().size()]);
    words.back() += nouns()[i % nouns().size()];
  }
  return words;
}

}  // namespace fathom
