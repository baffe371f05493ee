#include "fathom/base/parameter_parser.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>

namespace fathom {
namespace {

// "an integer of at least 1": what a value of this parameter must be.
std::string kind_of(const ParameterInfo& info) {
  const std::string at_least = " of at least " + std::to_string(info.minimum);
  if (std::holds_alternative<int64_t>(info.fallback)) return "an integer" + at_least;
  if (std::holds_alternative<double>(info.fallback)) return "a number";
  if (std::holds_alternative<std::vector<double>>(info.fallback))
    return "a list of numbers, like [1, 2.5]";
  return "a list of integers" + at_least + ", like [1, 2]";
}

// "window takes size=<an integer of at least 1>": what is valid between the parentheses.
std::string signature(std::string_view owner, std::span<const ParameterInfo> infos) {
  std::string text(owner);
  if (infos.empty()) return text + " takes no parameters";
  text += " takes ";
  for (const ParameterInfo& info : infos) {
    if (&info != &infos.front()) text += ", ";
    text += std::string(info.name) + "=<" + kind_of(info) + ">";
  }
  return text;
}

// All of `text` as one T; false if it is anything else or does not fit.
template <class T>
bool read(std::string_view text, T& value) {
  const char* begin = text.data();
  const char* end = begin + text.size();
  const auto [stop, failure] = std::from_chars(begin, end, value);
  return failure == std::errc{} && stop == end;
}

Error wrong_kind(const SpecCursor& cursor, size_t at, const ParameterInfo& info) {
  return cursor.error(at, std::string(info.name) + " must be " + kind_of(info));
}

Result<int64_t> parse_integer(SpecCursor& cursor, const ParameterInfo& info) {
  const size_t at = cursor.next();
  int64_t value = 0;
  if (!read(cursor.take_literal(), value) || value < info.minimum)
    return wrong_kind(cursor, at, info);
  return value;
}

Result<double> parse_number(SpecCursor& cursor, const ParameterInfo& info) {
  const size_t at = cursor.next();
  double value = 0;
  if (!read(cursor.take_literal(), value) || !std::isfinite(value))
    return wrong_kind(cursor, at, info);
  return value;
}

template <class Member>
Result<std::vector<Member>> parse_list(SpecCursor& cursor, const ParameterInfo& info,
                                       Result<Member> (*parse_member)(SpecCursor& cursor,
                                                                      const ParameterInfo& info)) {
  if (!cursor.take('[')) return wrong_kind(cursor, cursor.next(), info);
  std::vector<Member> members;
  if (cursor.take(']')) return members;
  do {
    FATHOM_TRY(const Member member, parse_member(cursor, info));
    members.push_back(member);
  } while (cursor.take(','));
  if (!cursor.take(']')) return cursor.expected("',' or ']'");
  return members;
}

Result<ParameterValue> parse_value(SpecCursor& cursor, const ParameterInfo& info) {
  if (std::holds_alternative<int64_t>(info.fallback)) {
    FATHOM_TRY(const int64_t value, parse_integer(cursor, info));
    return ParameterValue(value);
  }
  if (std::holds_alternative<double>(info.fallback)) {
    FATHOM_TRY(const double value, parse_number(cursor, info));
    return ParameterValue(value);
  }
  if (std::holds_alternative<std::vector<double>>(info.fallback)) {
    FATHOM_TRY(std::vector<double> value, parse_list(cursor, info, parse_number));
    return ParameterValue(std::move(value));
  }
  FATHOM_TRY(std::vector<int64_t> value, parse_list(cursor, info, parse_integer));
  return ParameterValue(std::move(value));
}

// A key, "=", and its value, into `parameters`.
Status parse_parameter(SpecCursor& cursor, std::string_view owner,
                       std::span<const ParameterInfo> infos, std::set<std::string_view>& given,
                       Parameters& parameters) {
  const size_t at = cursor.next();
  const std::string_view key = cursor.take_name();
  if (key.empty()) return cursor.error(at, "expected key=value: " + signature(owner, infos));
  const auto info = std::ranges::find(infos, key, &ParameterInfo::name);
  if (info == infos.end()) {
    return cursor.error(at, "no parameter '" + std::string(key) + "': " + signature(owner, infos));
  }
  if (!given.insert(info->name).second)
    return cursor.error(at, std::string(key) + " is given twice");
  if (!cursor.take('=')) return cursor.expected("'=' after " + std::string(key));
  FATHOM_TRY(ParameterValue value, parse_value(cursor, *info));
  parameters.set(std::string(key), std::move(value));
  return {};
}

}  // namespace

Result<Parameters> parse_parameters(SpecCursor& cursor, std::string_view owner,
                                    std::span<const ParameterInfo> infos) {
  Parameters parameters;
  for (const ParameterInfo& info : infos) parameters.set(std::string(info.name), info.fallback);

  std::set<std::string_view> given;
  const bool has_list = cursor.take('(');
  size_t end = cursor.next();
  if (has_list && !cursor.take(')')) {
    do {
      FATHOM_CHECK(parse_parameter(cursor, owner, infos, given, parameters));
    } while (cursor.take(','));
    end = cursor.next();
    if (!cursor.take(')')) return cursor.expected("',' or ')'");
  }
  for (const ParameterInfo& info : infos) {
    if (info.required && !given.contains(info.name))
      return cursor.error(end, std::string(info.name) + " is missing: " + signature(owner, infos));
  }
  return parameters;
}

namespace {

std::string member_text(int64_t value) { return std::to_string(value); }

std::string member_text(double value) {
  std::array<char, 32> text;  // the shortest that reads back has at most 24
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

template <class Member>
std::string member_text(const std::vector<Member>& members) {
  std::string text;
  for (const Member member : members) text += (text.empty() ? "" : ", ") + member_text(member);
  return "[" + text + "]";
}

}  // namespace

std::string to_text(const ParameterValue& value) {
  return std::visit([](const auto& known) { return member_text(known); }, value);
}

std::string to_text(const Parameters& parameters, std::span<const ParameterInfo> infos) {
  std::string text;
  for (const ParameterInfo& info : infos)
    text += (text.empty() ? "(" : ", ") + std::string(info.name) + "=" +
            to_text(parameters.value(info.name));
  return text.empty() ? "" : text + ")";
}

}  // namespace fathom
