// How likely a model finds a text.
#pragma once

#include <span>

#include "fathom/base/position.h"

namespace fathom {

// ln softmax(logits)[token], summed in double.
double log_probability(std::span<const float> logits, TokenId token);

}  // namespace fathom
