// How answers are scored by the text they contain, as the benchmarks that define it do.
//
// RULER (Hsieh et al. 2024, arXiv:2404.06654; its repository's scripts/eval/synthetic/constants.py)
// looks for references as they stand; Liu et al. 2023, "Lost in the Middle" (arXiv:2307.03172),
// after normalising both as SQuAD does. tests/oracle/test_string_match.py holds these to twins in
// Python.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace fathom {

// Small letters for capitals of the Latin, Greek, Cyrillic and Armenian scripts, one for one.
std::string lower_case(std::string_view text);

// Is `reference` in `answer`, whatever their case?
bool contains(std::string_view answer, std::string_view reference);

// RULER's string_match_all: the share of the references that are in the answer; there is one at
// least.
double string_match_all(std::string_view answer, std::span<const std::string> references);

// RULER's string_match_part: 1 if any reference is in the answer.
double string_match_part(std::string_view answer, std::span<const std::string> references);

// In lower case, without ASCII punctuation and the words a, an, the; words a space apart.
std::string normalised_answer(std::string_view text);

// 1 if any reference is in the answer, both normalised.
double best_subspan_em(std::string_view answer, std::span<const std::string> references);

}  // namespace fathom
