// RULER's questions: Hsieh et al. 2024, "RULER: What's the Real Context Size of Your Long-Context
// Language Models?" (arXiv:2404.06654), with the templates, lengths of answers and counts of its
// repository (NVIDIA/RULER, scripts/data/synthetic/).
//
// Each function makes a sample from a seed and a number of units of filler; of one seed, more units
// are a longer text with the same answer. Where we differ from the repository, docs/tasks/ruler.md
// says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fathom/eval/haystack.h"
#include "fathom/eval/qa_file.h"
#include "fathom/eval/question_task.h"

namespace fathom::ruler {

// Five sentences of nothing, a unit of filler of niah and vt.
inline constexpr std::string_view kNoise =
    "The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again.";

// Needles in a haystack: each gives a key a value.
struct Niah {
  enum class Hay : uint8_t { noise, essay, needles };
  enum class Kind : uint8_t { number, word, uuid };

  Hay hay = Hay::essay;
  Kind keys = Kind::word;
  Kind values = Kind::number;
  size_t key_count = 1;
  size_t values_per_key = 1;
  size_t queries = 1;  // keys that are asked for

  size_t needles() const { return key_count * values_per_key; }
  // Units: words of an essay, else sentences, no fewer than there are needles.
  size_t least() const { return hay == Hay::essay ? 1 : needles(); }
};
Question niah(const Niah& kind, const Haystack& essay, uint64_t seed, size_t units);

// Variable tracking: a chain of assignments among `noises` units of noise; all variables that have
// the first one's value are asked for. `example` is what tracking_example() made.
constexpr size_t kLeastNoises = 5;      // the assignments stand between different ones
constexpr size_t kExampleLength = 500;  // tokens
Question variable_tracking(std::string_view example, uint64_t seed, size_t noises);
Question tracking_example(uint64_t seed, size_t noises);  // with its answer

// Common words extraction: which ten of `words` different words of a list come most often?
constexpr size_t kLeastWords = 11;
Question common_words(size_t length, uint64_t seed, size_t words);

// Frequent words extraction: which three of some invented words come most often? About `words` in
// all, by Zipf's law; from kLeastCodedWords on the fourth comes less often than the third.
constexpr size_t kLeastCodedWords = 74;
Question frequent_words(size_t length, uint64_t seed, size_t words);

// A question about `count` documents; count >= order.gold.
Question documents(const QaSet& set, const QaQuestion& question, const QaOrder& order,
                   uint64_t seed, size_t count);

}  // namespace fathom::ruler
