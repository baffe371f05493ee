// How a budget of tokens is shared out over layers and heads.
//
//   uniform                every head has the same
//   pyramid(beta=20)       lower layers have more (Cai et al. 2024, PyramidKV, arXiv:2406.02069)
//   adaptive(floor=0.2)    a layer's heads share by their scores, each with at least `floor` of its
//                          even share (Feng et al. 2024, Ada-KV, arXiv:2407.11550)
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fathom/base/result.h"

namespace fathom {

struct BudgetSplit {
  enum class Kind : uint8_t { uniform, pyramid, adaptive };
  Kind kind = Kind::uniform;
  double beta = 20;    // above 1: the topmost layer's part is about 1 / beta of the average
  double floor = 0.2;  // 0 to 1

  std::string spec() const;
  // Tokens for each KV head of every layer, of `budget` on average; `most`: how many there are.
  // Their sum is layers * min(budget, most).
  std::vector<int64_t> of_layers(size_t layers, int64_t budget, int64_t most) const;
  // What part of its even share a head has whatever the others' scores.
  double even_part() const { return kind == Kind::adaptive ? floor : 1; }
};

// Errors point at the character.
Result<BudgetSplit> parse_budget_split(std::string_view text);

}  // namespace fathom
