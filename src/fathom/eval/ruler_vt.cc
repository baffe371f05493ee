#include <algorithm>
#include <string>

#include "fathom/eval/random.h"
#include "fathom/eval/ruler.h"

namespace fathom::ruler {
namespace {

constexpr size_t kHops = 4;
constexpr size_t kVariables = kHops + 1;
static_assert(kLeastNoises >= kVariables);

std::vector<std::string> draw_names(size_t letters, Random& random) {
  std::vector<std::string> names;
  while (names.size() < kVariables) {
    std::string name = random.letters(letters, 'A', 'Z');
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  }
  return names;
}

// Each assignment before another of the noises, in the order of the chain.
std::string context_of(const std::vector<std::string>& names, const std::string& value,
                       size_t noises, Random& random) {
  std::vector<size_t> places = random.distinct(kVariables, noises);
  std::ranges::sort(places);
  std::string context;
  size_t next = 0;
  for (size_t i = 0; i < noises; ++i) {
    if (next < kVariables && places[next] == i) {
      // RULER's own spaces: one ends the line of each assignment but the first.
      context += "VAR " + names[next] + " = " +
                 (next == 0 ? value : "VAR " + names[next - 1] + " ") + "\n";
      ++next;
    }
    context += std::string(kNoise) + (i + 1 < noises ? "\n" : "");
  }
  return context;
}

Question chain(size_t letters, uint64_t seed, size_t noises) {
  Random random(seed);
  Question question;
  question.references = draw_names(letters, random);
  const std::string value = std::to_string(10000 + random.below(89999));
  question.text =
      "Memorize and track the chain(s) of variable assignment hidden in the following text.\n\n" +
      context_of(question.references, value, noises, random) +
      "\nQuestion: Find all variables that are assigned the value " + value + " in the text above.";
  question.answer_start =
      "Answer: According to the chain(s) of variable assignment in the text above, " +
      std::to_string(kVariables) + " variables are assigned the value " + value + ", they are: ";
  question.max_tokens = 30;
  return question;
}

}  // namespace

Question variable_tracking(std::string_view example, uint64_t seed, size_t noises) {
  Question question = chain(5, seed, noises);
  question.text = std::string(example) + "\n\n" + question.text;
  return question;
}

Question tracking_example(uint64_t seed, size_t noises) {
  Question question = chain(3, seed_of(seed, "example"), noises);
  question.text += " " + question.answer_start;
  for (const std::string& name : question.references) question.text += " " + name;
  question.answer_start.clear();
  question.max_tokens = 0;
  return question;
}

}  // namespace fathom::ruler
