// Plug-ins that a specification may name, as `fathom patterns` and `fathom policies` list them.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "fathom/base/parameters.h"

namespace fathom {

struct ListedPlugin {
  std::string_view name;
  std::string_view summary;
  std::string_view paper;
  std::span<const ParameterInfo> parameters;
};

// Some lines, or a row of a table | form | summary | parameters | from |.
std::string as_text(const ListedPlugin& plugin);
std::string as_markdown(const ListedPlugin& plugin);

}  // namespace fathom
