#include <algorithm>
#include <cmath>

#include "fathom/eval/ruler.h"
#include "fathom/eval/words.h"

namespace fathom::ruler {
namespace {

std::string draw(Niah::Kind kind, Random& random) {
  switch (kind) {
    case Niah::Kind::number:
      return std::to_string(1000000 + random.below(9000000));
    case Niah::Kind::word:
      return adjective_noun(random);
    case Niah::Kind::uuid:
      return random.uuid();
  }
  return {};
}

std::string_view plural(Niah::Kind kind) {
  switch (kind) {
    case Niah::Kind::number:
      return "numbers";
    case Niah::Kind::word:
      return "words";
    case Niah::Kind::uuid:
      return "uuids";
  }
  return {};
}

std::string needle(const Niah& kind, const std::string& key, const std::string& value) {
  return "One of the special magic " + std::string(plural(kind.values)) + " for " + key +
         " is: " + value + ".";
}

struct Secrets {
  std::vector<std::string> keys;                 // different ones
  std::vector<std::vector<std::string>> values;  // of each
};

Secrets draw_secrets(const Niah& kind, Random& random) {
  Secrets secrets;
  while (secrets.keys.size() < kind.key_count) {
    std::string key = draw(kind.keys, random);
    if (std::ranges::find(secrets.keys, key) != secrets.keys.end()) continue;
    secrets.keys.push_back(std::move(key));
    std::vector<std::string>& values = secrets.values.emplace_back();
    for (size_t i = 0; i < kind.values_per_key; ++i) values.push_back(draw(kind.values, random));
  }
  return secrets;
}

std::string join(const std::vector<std::string>& parts, std::string_view between) {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty()) text += between;
    text += part;
  }
  return text;
}

// Puts needle i before what stands at places[i]; places are ascending.
std::vector<std::string> hide(const std::vector<std::string>& hay,
                              const std::vector<std::string>& needles,
                              const std::vector<size_t>& places) {
  std::vector<std::string> hidden;
  size_t next = 0;
  for (size_t i = 0; i <= hay.size(); ++i) {
    for (; next < needles.size() && places[next] == i; ++next) hidden.push_back(needles[next]);
    if (i < hay.size()) hidden.push_back(hay[i]);
  }
  return hidden;
}

// Between sentences, at some of 40 depths from 0 to 100 %.
std::string hide_in_essay(const std::vector<std::string>& sentences,
                          const std::vector<std::string>& needles, Random& random) {
  constexpr size_t kDepths = 40;
  std::vector<size_t> places;
  for (const size_t i : random.distinct(needles.size(), kDepths)) {
    const auto percent = static_cast<size_t>(
        std::nearbyint(100.0 * static_cast<double>(i) / static_cast<double>(kDepths - 1)));
    places.push_back(sentences.size() * percent / 100);
  }
  std::ranges::sort(places);
  return join(hide(sentences, needles, places), " ");
}

std::string hide_in_lines(const std::vector<std::string>& lines,
                          const std::vector<std::string>& needles, Random& random) {
  std::vector<size_t> places = random.distinct(needles.size(), lines.size());
  std::ranges::sort(places);
  return join(hide(lines, needles, places), "\n");
}

std::string context_of(const Niah& kind, const Secrets& secrets, const Haystack& essay,
                       size_t units, Random& random) {
  std::vector<std::string> needles;
  for (size_t k = 0; k < secrets.keys.size(); ++k) {
    for (const std::string& value : secrets.values[k])
      needles.push_back(needle(kind, secrets.keys[k], value));
  }
  random.shuffle(needles);
  if (kind.hay == Niah::Hay::essay) return hide_in_essay(essay.first_words(units), needles, random);
  std::vector<std::string> lines;
  while (lines.size() < units) {
    if (kind.hay == Niah::Hay::noise) {
      lines.emplace_back(kNoise);
      continue;
    }
    const std::string key = draw(kind.keys, random);
    if (std::ranges::find(secrets.keys, key) != secrets.keys.end()) continue;  // it has its value
    lines.push_back(needle(kind, key, draw(kind.values, random)));
  }
  return hide_in_lines(lines, needles, random);
}

// "one", "one, and another", "one, another, and a third".
std::string listed(const std::vector<std::string>& names) {
  std::string text = names.front();
  for (size_t i = 1; i < names.size(); ++i)
    text += (i + 1 == names.size() ? ", and " : ", ") + names[i];
  return text;
}

}  // namespace

Question niah(const Niah& kind, const Haystack& essay, uint64_t seed, size_t units) {
  Random random(seed);
  const Secrets secrets = draw_secrets(kind, random);
  std::vector<std::string> asked;
  Question question;
  for (const size_t i : random.distinct(kind.queries, kind.key_count)) {
    asked.push_back(secrets.keys[i]);
    question.references.insert(question.references.end(), secrets.values[i].begin(),
                               secrets.values[i].end());
  }
  const std::string context = context_of(kind, secrets, essay, units, random);
  const std::string keys = listed(asked);
  const bool one = question.references.size() == 1;
  std::string type(plural(kind.values));
  if (one) type.pop_back();
  question.text =
      (one ? "A special magic " + type + " is" : "Some special magic " + type + " are") +
      " hidden within the following text. Make sure to memorize it. I will quiz you "
      "about the " +
      type + " afterwards.\n" + context + "\nWhat " + (one ? "is the" : "are all the") +
      " special magic " + type + " for " + keys + " mentioned in the provided text?";
  question.answer_start = "The special magic " + type + " for " + keys +
                          " mentioned in the provided text " + (one ? "is" : "are");
  question.max_tokens = 128;
  return question;
}

}  // namespace fathom::ruler
