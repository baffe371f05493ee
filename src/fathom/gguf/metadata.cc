// The typed look-ups of gguf::Metadata.
#include <algorithm>
#include <array>
#include <limits>

#include "fathom/gguf/cursor.h"
#include "fathom/gguf/gguf.h"

namespace fathom::gguf {
namespace {

std::string kind(const Value& value) {
  struct Name {
    std::string operator()(bool) const { return "a truth value"; }
    std::string operator()(double) const { return "a number"; }
    std::string operator()(std::string_view) const { return "a string"; }
    std::string operator()(int64_t x) const { return "the integer " + std::to_string(x); }
    std::string operator()(uint64_t x) const { return "the integer " + std::to_string(x); }
    std::string operator()(const Array& array) const {
      constexpr std::array kElements = {"integers", "large integers", "numbers", "truth values",
                                        "strings"};
      return std::string("an array of ") + kElements[array.index()];
    }
  };
  return std::visit(Name{}, value);
}

Error wrong_kind(std::string_view key, const Value& value, const std::string& expected) {
  return {"key " + quoted(key) + " holds " + kind(value) + ", not " + expected};
}

Error missing(std::string_view key, const std::string& expected) {
  return {"key " + quoted(key) + " is missing; it should hold " + expected};
}

Result<uint64_t> as_integer(std::string_view key, const Value& value) {
  if (const auto* x = std::get_if<uint64_t>(&value)) return *x;
  const auto* x = std::get_if<int64_t>(&value);
  if (x == nullptr || *x < 0) return wrong_kind(key, value, "an integer of at least 0");
  return static_cast<uint64_t>(*x);
}

Result<double> as_number(std::string_view key, const Value& value) {
  if (const auto* x = std::get_if<double>(&value)) return *x;
  if (const auto* x = std::get_if<int64_t>(&value)) return static_cast<double>(*x);
  if (const auto* x = std::get_if<uint64_t>(&value)) return static_cast<double>(*x);
  return wrong_kind(key, value, "a number");
}

template <class T>
Result<T> as(std::string_view key, const Value& value, const std::string& expected) {
  if (const auto* x = std::get_if<T>(&value)) return *x;
  return wrong_kind(key, value, expected);
}

// The key's array of T; null when the key is missing.
template <class T>
Result<const std::vector<T>*> array_of(const Metadata& metadata, std::string_view key,
                                       const std::string& expected) {
  const Value* value = metadata.find(key);
  if (value == nullptr) return static_cast<const std::vector<T>*>(nullptr);
  const auto* array = std::get_if<Array>(value);
  const auto* elements = array == nullptr ? nullptr : std::get_if<std::vector<T>>(array);
  if (elements == nullptr) return wrong_kind(key, *value, expected);
  return elements;
}

}  // namespace

const Value* Metadata::find(std::string_view key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &found->second;
}

Result<std::string_view> Metadata::string(std::string_view key) const {
  const Value* value = find(key);
  if (value == nullptr) return missing(key, "a string");
  return as<std::string_view>(key, *value, "a string");
}

Result<uint64_t> Metadata::integer(std::string_view key) const {
  const Value* value = find(key);
  if (value == nullptr) return missing(key, "an integer");
  return as_integer(key, *value);
}

Result<double> Metadata::number(std::string_view key) const {
  const Value* value = find(key);
  if (value == nullptr) return missing(key, "a number");
  return as_number(key, *value);
}

Result<bool> Metadata::boolean(std::string_view key) const {
  const Value* value = find(key);
  if (value == nullptr) return missing(key, "a truth value");
  return as<bool>(key, *value, "a truth value");
}

Result<std::string_view> Metadata::string_or(std::string_view key,
                                             std::string_view fallback) const {
  if (find(key) == nullptr) return fallback;
  return string(key);
}

Result<uint64_t> Metadata::integer_or(std::string_view key, uint64_t fallback) const {
  if (find(key) == nullptr) return fallback;
  return integer(key);
}

Result<double> Metadata::number_or(std::string_view key, double fallback) const {
  if (find(key) == nullptr) return fallback;
  return number(key);
}

Result<bool> Metadata::boolean_or(std::string_view key, bool fallback) const {
  if (find(key) == nullptr) return fallback;
  return boolean(key);
}

Result<const std::vector<std::string_view>*> Metadata::strings(std::string_view key) const {
  return array_of<std::string_view>(*this, key, "an array of strings");
}

Result<std::optional<std::vector<int64_t>>> Metadata::integers(std::string_view key) const {
  FATHOM_TRY(const auto* elements, array_of<int64_t>(*this, key, "an array of 64-bit integers"));
  if (elements == nullptr) return std::optional<std::vector<int64_t>>();
  return std::optional(*elements);
}

Result<std::optional<std::vector<double>>> Metadata::numbers(std::string_view key) const {
  const Value* value = find(key);
  const auto* array = value == nullptr ? nullptr : std::get_if<Array>(value);
  if (array != nullptr)
    if (const auto* whole = std::get_if<std::vector<int64_t>>(array))
      return std::optional(std::vector<double>(whole->begin(), whole->end()));
  FATHOM_TRY(const auto* elements, array_of<double>(*this, key, "an array of numbers"));
  if (elements == nullptr) return std::optional<std::vector<double>>();
  return std::optional(*elements);
}

Result<std::optional<std::vector<bool>>> Metadata::booleans(std::string_view key) const {
  FATHOM_TRY(const auto* elements, array_of<bool>(*this, key, "an array of truth values"));
  if (elements == nullptr) return std::optional<std::vector<bool>>();
  return std::optional(*elements);
}

Result<std::vector<uint64_t>> Metadata::per_layer(std::string_view key, size_t count) const {
  const Value* value = find(key);
  if (value == nullptr) return missing(key, "an integer or one for each layer");
  if (!std::holds_alternative<Array>(*value)) {
    FATHOM_TRY(const uint64_t all, as_integer(key, *value));
    return std::vector<uint64_t>(count, all);
  }
  FATHOM_TRY(const auto* elements, array_of<int64_t>(*this, key, "an array of integers"));
  if (elements->size() != count)
    return Error{"key " + quoted(key) + " holds " + std::to_string(elements->size()) +
                 " integers, but the model has " + std::to_string(count) + " layers"};
  const auto negative = std::ranges::find_if(*elements, [](int64_t x) { return x < 0; });
  if (negative != elements->end())
    return Error{"key " + quoted(key) + " holds " + std::to_string(*negative) +
                 "; every layer's must be at least 0"};
  return std::vector<uint64_t>(elements->begin(), elements->end());
}

}  // namespace fathom::gguf
