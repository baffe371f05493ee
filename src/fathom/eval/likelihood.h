// How likely a model finds a text.
#pragma once

#include <span>

#include "fathom/base/position.h"

namespace fathom {

// ln of the sum of e^logit, summed in double.
double log_sum(std::span<const float> logits);

// ln softmax(logits)[token].
double log_probability(std::span<const float> logits, TokenId token);

}  // namespace fathom
