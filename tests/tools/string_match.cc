// tool_string_match < cases > scores: for each line {"answer": TEXT, "references": [TEXT, ...]} of
// standard input, a line with the answer's scores by name and its normalised text.
#include "fathom/eval/string_match.h"

#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

int main() {
  using namespace fathom;
  for (std::string line; std::getline(std::cin, line);) {
    const auto given = nlohmann::json::parse(line, nullptr, false);
    if (given.is_discarded() || !given.contains("answer") || !given.contains("references")) {
      std::fprintf(stderr, "tool_string_match: not a case: %s\n", line.c_str());
      return 2;
    }
    const auto answer = given["answer"].get<std::string>();
    const auto references = given["references"].get<std::vector<std::string>>();
    const nlohmann::json scores = {{"string_match_all", string_match_all(answer, references)},
                                   {"string_match_part", string_match_part(answer, references)},
                                   {"best_subspan_em", best_subspan_em(answer, references)},
                                   {"normalised", normalised_answer(answer)}};
    std::printf("%s\n", scores.dump().c_str());
  }
}
