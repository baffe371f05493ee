// ROUGE: how much of a reference summary an answer has, in n-grams and in common subsequences.
//
// Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries". Figures are those of PyPI's
// rouge-score 0.1.2: its tokens (runs of ASCII letters and digits in lower case), its stemmer
// (porter_stemmer.h, words of more than three characters), and for rougeLsum its sentences (lines).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

struct RougeScore {
  double precision = 0;
  double recall = 0;
  double f1 = 0;
};

struct Rouge {
  RougeScore rouge1, rouge2;  // n-grams
  RougeScore rougeL;          // the longest common subsequence of the whole texts
  RougeScore rougeLsum;       // the union of lines' longest common subsequences
};

// Texts are UTF-8.
std::vector<std::string> rouge_tokens(std::string_view text, bool stem);
Rouge rouge(std::string_view reference, std::string_view answer, bool stem);
// Against several references: of each score the one with the greatest F1. At least one reference.
Rouge best_rouge(std::span<const std::string> references, std::string_view answer, bool stem);

}  // namespace fathom
