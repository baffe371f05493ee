#include "fathom/eval/likelihood.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace fathom {

double log_sum(std::span<const float> logits) {
  const float largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += static_cast<double>(std::exp(logit - largest));
  return largest + std::log(sum);
}

double log_probability(std::span<const float> logits, TokenId token) {
  return static_cast<double>(logits[static_cast<size_t>(token)]) - log_sum(logits);
}

}  // namespace fathom
