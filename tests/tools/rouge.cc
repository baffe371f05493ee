// tool_rouge: scores summaries, for tests.
//
// Standard input is JSON, a line for each request: {"references": [...], "answer": T, "stem": B} or
// {"words": [...]}. Standard output has a line for each: {"rouge1": [precision, recall, F1], ...},
// or {"stems": [...]}.
#include "fathom/eval/rouge.h"

#include <iostream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "fathom/eval/porter_stemmer.h"

namespace {

using nlohmann::json;

json score(const json& request) {
  const auto references = request["references"].get<std::vector<std::string>>();
  const fathom::Rouge best = fathom::best_rouge(references, request["answer"].get<std::string>(),
                                                request["stem"].get<bool>());
  const auto figures = [](const fathom::RougeScore& one) {
    return json{one.precision, one.recall, one.f1};
  };
  return {{"rouge1", figures(best.rouge1)},
          {"rouge2", figures(best.rouge2)},
          {"rougeL", figures(best.rougeL)},
          {"rougeLsum", figures(best.rougeLsum)}};
}

json stems(const json& words) {
  json out = json::array();
  for (const json& word : words) out.push_back(fathom::porter_stem(word.get<std::string>()));
  return {{"stems", out}};
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const json request = json::parse(line);
    std::cout << (request.contains("words") ? stems(request["words"]) : score(request)) << "\n";
  }
}
