#include "fathom/eval/likelihood.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace fathom {

double log_probability(std::span<const float> logits, TokenId token) {
  const float largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += static_cast<double>(std::exp(logit - largest));
  return static_cast<double>(logits[static_cast<size_t>(token)]) - largest - std::log(sum);
}

}  // namespace fathom
