#include "fathom/kv/policy.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "fathom/base/parameter_parser.h"

namespace fathom {
namespace {

constexpr int kShareBits = 6;

}  // namespace

int64_t KvBudget::of(int64_t text_tokens) const {
  if (tokens > 0) return tokens;
  const double part = share * static_cast<double>(text_tokens);
  const auto exact = std::max<uint64_t>(1, static_cast<uint64_t>(std::ceil(part)));
  const int dropped = std::max(0, static_cast<int>(std::bit_width(exact)) - kShareBits);
  return static_cast<int64_t>(exact >> dropped << dropped);
}

std::string KvBudget::text() const {
  return tokens > 0 ? std::to_string(tokens) : to_text(ParameterValue(share));
}

ParameterInfo budget_parameter() {
  return {.name = "budget",
          .help = "tokens kept for each KV head on average, or a share of the text's, like 0.1",
          .fallback = 0.0,
          .required = true};
}

Result<KvBudget> read_budget(const Parameters& parameters) {
  constexpr double kMost = 0x1p53;  // whole numbers up to it are exact
  const double given = parameters.number("budget");
  if (given > 0 && given < 1) return KvBudget{.share = given};
  if (given >= 1 && given <= kMost && given == std::floor(given))
    return KvBudget{.tokens = static_cast<int64_t>(given)};
  return Error{"budget must be a whole number of tokens, or a share of the text between 0 and 1"};
}

}  // namespace fathom
