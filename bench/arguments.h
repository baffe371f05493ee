// What the benchmark programs read from their command lines alike.
#pragma once

#include <charconv>
#include <string>
#include <string_view>

#include "fathom/base/result.h"
#include "fathom/kernels/compute.h"

namespace fathom {

inline Result<size_t> parse_count(std::string_view text) {
  size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return Error{"'" + std::string(text) + "' is not a count"};
  return value;
}

inline Result<size_t> parse_positive(std::string_view text) {
  FATHOM_TRY(const size_t value, parse_count(text));
  if (value == 0) return Error{"'" + std::string(text) + "' is not a count above 0"};
  return value;
}

inline Result<Operand> parse_operand(std::string_view text) {
  for (const Operand operand : {Operand::bf16, Operand::f32})
    if (text == name(operand)) return operand;
  return Error{"'" + std::string(text) + "' is not bf16 or f32"};
}

}  // namespace fathom
