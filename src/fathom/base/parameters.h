// Named parameters of a plug-in's specification, `name(size=1024, at=[0, 7])`, checked against what
// the plug-in says it takes. Shared by patterns, cache policies and RoPE scalings.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fathom/base/result.h"

namespace fathom {

using ParameterValue = std::variant<int64_t, double, std::vector<int64_t>, std::vector<double>>;

struct ParameterInfo {
  std::string_view name;
  std::string_view help;    // one line, with the unit
  ParameterValue fallback;  // its kind is the parameter's kind
  bool required = false;    // no fallback is used
  int64_t minimum = 0;      // of an integer, or of each integer of a list
};

class Parameters {
 public:
  void set(std::string name, ParameterValue value) { values_[std::move(name)] = std::move(value); }

  int64_t integer(std::string_view name) const { return get<int64_t>(name); }
  double number(std::string_view name) const { return get<double>(name); }
  const std::vector<int64_t>& list(std::string_view name) const {
    return get<std::vector<int64_t>>(name);
  }
  const std::vector<double>& numbers(std::string_view name) const {
    return get<std::vector<double>>(name);
  }
  const ParameterValue& value(std::string_view name) const { return values_.find(name)->second; }

 private:
  template <class T>
  const T& get(std::string_view name) const {
    return std::get<T>(value(name));
  }
  std::map<std::string, ParameterValue, std::less<>> values_;
};

}  // namespace fathom
